import type { Database, Sql } from '@saga/service-kit/database';
import { inOrder, MemoryTransaction } from './memory-transaction.ts';
import { RowLocks } from './row-locks.ts';

export { inOrder };

export type Key = string | number;

/** A table's committed rows, by key. A row is a value: it is replaced, never changed. */
export type MemoryTable<Row> = { readonly name: string; readonly rows: Map<Key, Row> };

export const memoryTable = <Row>(name: string): MemoryTable<Row> => ({ name, rows: new Map() });

/** Where a connection comes by. It rejects where the connection breaks there, and never resolves for a dead process. */
export type Passage = 'statement' | 'commit' | 'committed';
export type Pass = (passage: Passage) => Promise<void>;

/**
 * What of PostgreSQL matters to the services, in memory and deterministic: transactions that see what was committed
 * before each of their statements (read committed), row locks that wait, unique keys that wait for an uncommitted
 * row and then are violated, rollback. It knows no SQL: stores stand on its tables instead.
 */
export class MemoryDatabase {
  readonly locks = new RowLocks<MemoryTransaction>();
  /** The database's clock, in milliseconds. */
  readonly now: () => number;
  #sequence = 0;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Ids of a sequence are never given twice, also after a rollback. */
  nextId(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  /** One process' connections. */
  connect(pass: Pass): MemoryConnections {
    return new MemoryConnections(this, pass);
  }
}

export class MemoryConnections implements Database {
  readonly #database: MemoryDatabase;
  readonly #pass: Pass;
  readonly #open = new Set<MemoryTransaction>();

  constructor(database: MemoryDatabase, pass: Pass) {
    this.#database = database;
    this.#pass = pass;
  }

  query(): never {
    throw new Error('this database knows no SQL');
  }

  async transaction<Result>(work: (sql: MemoryTransaction) => Promise<Result>): Promise<Result> {
    const transaction = new MemoryTransaction(this.#database, this.#pass);
    this.#open.add(transaction);
    try {
      const result = await work(transaction);
      await transaction.commit();
      return result;
    } catch (error) {
      transaction.rollback();
      throw transaction.fault ?? error;
    } finally {
      this.#open.delete(transaction);
    }
  }

  /** The process has died: what it has not committed never was. */
  close(): void {
    for (const transaction of this.#open) transaction.rollback();
    this.#open.clear();
  }
}

/** Runs a statement of a store: within the transaction, or as one of its own. */
export function statement<Result>(
  sql: Sql,
  run: (rows: MemoryTransaction) => Result | Promise<Result>,
): Promise<Result> {
  if (sql instanceof MemoryTransaction) return sql.statement(run);
  if (sql instanceof MemoryConnections) return sql.transaction((own) => own.statement(run));
  throw new Error('a store in memory was given another database');
}

/** A statement whose rows nobody needs: where it fails there is no commit. */
export function send(sql: Sql, run: (rows: MemoryTransaction) => void | Promise<void>): void {
  statement(sql, run).catch(() => {}); // the commit tells
}
