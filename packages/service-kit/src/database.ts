import { createHash } from 'node:crypto';
import pg from 'pg';
import { Unavailable } from './faults.ts';

/** One statement at a time, in the open: the SQL stands in full where it is used, beside the type that it returns. */
export interface Sql {
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** Statements that succeed or fail together. */
export interface Transaction extends Sql {
  /**
   * Sends a statement whose rows nobody needs, without waiting for it: it travels with the commit, and where it fails
   * there is no commit and the transaction rejects with its error.
   *
   * @throws Error after the work has ended: the statement would no longer be part of the transaction.
   */
  send(statement: string, values: readonly unknown[]): void;
}

/**
 * The hot path's door to PostgreSQL: constant set-based statements, prepared once per connection. Ordinary queries
 * go through Prisma on the same pool (docs/adr/0002).
 */
export interface Database extends Sql {
  /**
   * All or nothing. Any failing statement rolls back and rejects; a commit that PostgreSQL turned into a rollback
   * (because an error inside was swallowed) rejects too (trap 15).
   *
   * For rows that are named by their keys: its statements go by the indexes, and are planned once per connection. Each
   * says which keys it wants (`= ANY($1)`), also where a join would tell.
   */
  transaction<Result>(work: (sql: Transaction) => Promise<Result>): Promise<Result>;
}

export type PoolOptions = { url: string; maxConnections: number; statementTimeoutMs: number; connectTimeoutMs: number };

/** bigint columns hold amounts and counts up to 2^53−1: numbers, not strings. */
const BIGINT_OID = 20;
pg.types.setTypeParser(BIGINT_OID, Number);

/** A database that is frozen does not even cancel what takes too long: after this much more, the connection is given up. */
const ANSWER_MARGIN_MS = 5_000;
const KEEP_ALIVE_AFTER_MS = 10_000;
/** A process that stands still in the middle of a transaction must not hold its locks for ever. */
const IDLE_IN_TRANSACTION_MS = 60_000;

export function createPool(options: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    statement_timeout: options.statementTimeoutMs,
    query_timeout: options.statementTimeoutMs + ANSWER_MARGIN_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    pipeline: true,
  });
  // Without a listener, a connection lost between two statements would end the process; the next statement tells.
  pool.on('connect', (connection) => connection.on('error', () => {}));
  return pool;
}

export const postgresDatabase = (pool: pg.Pool): Database => ({
  query: (statement, values) => leased(pool, (run) => prepared(run, statement, values)),
  transaction: (work) => leased(pool, (run) => transact(run, work)),
});

/** Sends at once what it is given; the answers come in the order of the sending. */
type Run = <Row extends object>(query: string | pg.QueryConfig) => Promise<pg.QueryResult<Row>>;

/** Lends a connection. One that may have been spoilt is closed afterwards, not handed to the next one. */
async function leased<Result>(pool: pg.Pool, use: (run: Run) => Promise<Result>): Promise<Result> {
  const connection = await pool.connect().catch(toUnavailable);
  let spoilt = false;
  const run: Run = (query) =>
    connection.query(query).catch((error) => {
      spoilt ||= isSpoiling(error);
      throw error;
    });
  try {
    return await use(run);
  } finally {
    connection.release(spoilt);
  }
}

/** Whatever it is (a wrong password, a certificate, no server), no message has caused it. */
function toUnavailable(error: unknown): never {
  throw new Unavailable('no connection to the database', { cause: error });
}

/**
 * After bad data, a violated constraint or a conflict, and what follows them (25P02), a connection is as good as before.
 * After all else it may be lost, or client and server may differ about what is prepared (26000), for ever.
 */
const HARMLESS = /^(22|23|40|25P02)/;
const isSpoiling = (error: unknown): boolean =>
  !(error instanceof pg.DatabaseError) || !HARMLESS.test(error.code ?? '');

/**
 * Else a statement that is first planned while its tables are small, or are taken to be, reads them from end to end for
 * as long as that plan is kept; and one whose plan seems to depend on its values is planned anew each time
 * (docs/adr/0023). Nothing of it is worth compiling; before PostgreSQL 18 what is `off` seemed costly enough to be.
 */
export const BY_INDEX = ['plan_cache_mode=force_generic_plan', 'enable_seqscan=off', 'jit=off'];

const BEGIN = ['BEGIN', ...BY_INDEX.map((setting) => `SET LOCAL ${setting}`)].join('; ');

/** For a statement of a transaction that reads whole tables, before it. */
export const BY_WHOLE_TABLES = 'SET LOCAL enable_seqscan=on';

async function transact<Result>(run: Run, work: (sql: Transaction) => Promise<Result>): Promise<Result> {
  let isOver = false;
  /** The first statement that failed: all later ones are only told that the transaction is aborted (25P02). */
  let cause: { error: unknown } | undefined;
  const noted = <Value>(answer: Promise<Value>): Promise<Value> => {
    answer.catch((error) => {
      cause ??= { error };
    });
    return answer;
  };
  const sent: Promise<unknown>[] = [];
  // Pipelined: BEGIN travels with the first statements, the commit with the last, and what is sent together shares a
  // round trip.
  const begun = noted(run(BEGIN));
  // Only reads travel with BEGIN: were it to fail, a write beside it would stand outside of any transaction.
  let mayWrite: typeof begun | undefined;
  const send = <Row extends object>(statement: string, values?: readonly unknown[]): Promise<Row[]> => {
    if (isOver) throw new Error('a statement came after the work of its transaction had ended');
    if (!READ.test(statement)) mayWrite = begun;
    const answer = () => prepared<Row>(run, statement, values);
    return noted(mayWrite ? mayWrite.then(answer) : answer());
  };
  try {
    const result = await work({
      query: async (statement, values) => send(statement, values),
      send: (statement, values) => {
        sent.push(send(statement, values));
      },
    });
    isOver = true;
    await begun;
    const committed = noted(run('COMMIT'));
    await Promise.all(sent);
    const { command } = await committed;
    if (command !== 'COMMIT') throw new Error(`the transaction ended in ${command}, not in a commit`);
    return result;
  } catch (error) {
    isOver = true;
    await begun.catch(() => {}); // what waits for it is sent before the rollback
    await run('ROLLBACK').catch(() => {}); // the connection is closed then
    throw cause ? cause.error : error;
  }
}

const READ = /^\s*SELECT\b/i;

const names = new Map<string, string>();

async function prepared<Row extends object>(run: Run, text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const { rows } = await run<Row>({ name: nameOf(text), text, values: [...values] });
  return rows;
}

function nameOf(statement: string): string {
  const known = names.get(statement);
  if (known !== undefined) return known;
  const name = createHash('sha1').update(statement).digest('hex').slice(0, 24);
  names.set(statement, name);
  return name;
}
