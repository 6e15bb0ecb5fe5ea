import type { Transaction } from '@saga/service-kit/database';
import { DatabaseFault } from './database-fault.ts';
import type { Key, MemoryDatabase, MemoryTable, Pass } from './memory-database.ts';

type Written = { table: MemoryTable<unknown>; key: Key; row: unknown };

/** One transaction: what it writes is its own until the commit. Its methods are for the statements of stores. */
export class MemoryTransaction implements Transaction {
  readonly #database: MemoryDatabase;
  readonly #pass: Pass;
  readonly #written = new Map<string, Written>();
  #last: Promise<unknown> = Promise.resolve();
  #isOver = false;
  /** What the first failing statement failed of: nothing can be committed after it. */
  fault: unknown;

  constructor(database: MemoryDatabase, pass: Pass) {
    this.#database = database;
    this.#pass = pass;
  }

  query(): never {
    throw new Error('this database knows no SQL');
  }

  send(): never {
    throw new Error('this database knows no SQL');
  }

  /** Statements are executed one after the other, as on one connection. */
  statement<Result>(run: (rows: MemoryTransaction) => Result | Promise<Result>): Promise<Result> {
    const executed = this.#last.then(async () => {
      if (this.fault) throw new DatabaseFault('25P02', 'the transaction is aborted');
      await this.#pass('statement');
      return run(this);
    });
    this.#last = executed.catch((error: unknown) => {
      this.fault ??= error;
    });
    return executed;
  }

  async commit(): Promise<void> {
    await this.#last;
    if (this.fault) throw this.fault;
    await this.#pass('commit');
    if (this.#isOver) throw new DatabaseFault('08006', 'the connection was closed');
    for (const { table, key, row } of this.#written.values()) {
      if (row === undefined) table.rows.delete(key);
      else table.rows.set(key, row);
    }
    this.#end();
    await this.#pass('committed');
  }

  rollback(): void {
    if (!this.#isOver) this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#database.locks.release(this);
  }

  /** The database's clock. */
  get now(): number {
    return this.#database.now();
  }

  nextId(): number {
    return this.#database.nextId();
  }

  get<Row>(table: MemoryTable<Row>, key: Key): Row | undefined {
    const own = this.#written.get(nameOf(table, key));
    return own ? (own.row as Row | undefined) : table.rows.get(key);
  }

  /** Every row that can be seen now, in no order. */
  all<Row>(table: MemoryTable<Row>): [Key, Row][] {
    const seen = new Map(table.rows);
    for (const { table: where, key, row } of this.#written.values()) {
      if (where !== table) continue;
      if (row === undefined) seen.delete(key);
      else seen.set(key, row as Row);
    }
    return [...seen];
  }

  /** `SELECT … FOR UPDATE`: the rows that can be seen, locked in key order, as the last commit left them. */
  async lock<Row>(table: MemoryTable<Row>, keys: Iterable<Key>): Promise<Map<Key, Row>> {
    const locked = new Map<Key, Row>();
    for (const key of inOrder(keys)) {
      if (this.get(table, key) === undefined) continue;
      await this.#acquire(nameOf(table, key));
      const row = this.get(table, key);
      if (row !== undefined) locked.set(key, row);
    }
    return locked;
  }

  /** `FOR UPDATE SKIP LOCKED`: whether the row is this transaction's now. */
  tryLock<Row>(table: MemoryTable<Row>, key: Key): boolean {
    return this.get(table, key) !== undefined && this.#database.locks.tryAcquire(nameOf(table, key), this);
  }

  /**
   * A plain insert waits for whoever else writes under this key.
   *
   * @throws DatabaseFault unique_violation, where there is such a row then.
   */
  async insert<Row>(table: MemoryTable<Row>, key: Key, row: Row): Promise<void> {
    await this.#acquire(nameOf(table, key));
    if (this.get(table, key) !== undefined) throw new DatabaseFault('23505', `${table.name} has a row ${key} already`);
    this.#write(table, key, row);
  }

  /** `INSERT … ON CONFLICT DO UPDATE`: what there is by then, if anything, is given to be changed. */
  async upsert<Row>(table: MemoryTable<Row>, key: Key, change: (old: Row | undefined) => Row): Promise<void> {
    await this.#acquire(nameOf(table, key));
    this.#write(table, key, change(this.get(table, key)));
  }

  /** Rows as they are to be, in key order; `merge` says what of the old row stays. */
  async upsertAll<Row>(
    table: MemoryTable<Row>,
    changed: readonly Row[],
    keyOf: (row: Row) => Key,
    merge: (row: Row, old: Row | undefined) => Row = (row) => row,
  ): Promise<void> {
    const byKey = new Map(changed.map((row) => [keyOf(row), row]));
    for (const key of inOrder(byKey.keys())) {
      const row = byKey.get(key);
      if (row !== undefined) await this.upsert(table, key, (old) => merge(row, old));
    }
  }

  /** Changes the row, where there is one. */
  async update<Row>(table: MemoryTable<Row>, key: Key, change: (old: Row) => Row): Promise<void> {
    for (const [, row] of await this.lock(table, [key])) this.#write(table, key, change(row));
  }

  async delete<Row>(table: MemoryTable<Row>, key: Key): Promise<void> {
    for (const [locked] of await this.lock(table, [key])) this.#write(table, locked, undefined);
  }

  /** What is over holds nothing any more, also where its turn comes in the very moment of its end. */
  async #acquire(row: string): Promise<void> {
    if (this.#isOver) throw new DatabaseFault('08006', 'the connection was closed');
    await this.#database.locks.acquire(row, this);
  }

  #write<Row>(table: MemoryTable<Row>, key: Key, row: Row | undefined): void {
    if (this.#isOver) throw new DatabaseFault('08006', 'the connection was closed');
    this.#written.set(nameOf(table, key), { table: table as MemoryTable<unknown>, key, row });
  }
}

const nameOf = <Row>(table: MemoryTable<Row>, key: Key): string => `${table.name}/${key}`;

/** Numbers by value, words by their letters: as an index has them. */
export const inOrder = (keys: Iterable<Key>): Key[] => [...new Set(keys)].sort((a, b) => (a < b ? -1 : 1));
