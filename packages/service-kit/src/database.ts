import { createHash } from 'node:crypto';
import pg from 'pg';

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
   */
  transaction<Result>(work: (sql: Transaction) => Promise<Result>): Promise<Result>;
}

export type PoolOptions = { url: string; maxConnections: number; statementTimeoutMs: number; connectTimeoutMs: number };

/** bigint columns hold amounts and counts up to 2^53−1: numbers, not strings. */
const BIGINT_OID = 20;
pg.types.setTypeParser(BIGINT_OID, Number);

export const createPool = (options: PoolOptions): pg.Pool =>
  new pg.Pool({
    connectionString: options.url,
    max: options.maxConnections,
    statement_timeout: options.statementTimeoutMs,
    connectionTimeoutMillis: options.connectTimeoutMs,
    keepAlive: true,
    pipeline: true,
  });

export function postgresDatabase(pool: pg.Pool): Database {
  return {
    query: (statement, values) => prepared(pool, statement, values),
    transaction: async (work) => {
      const connection = await pool.connect();
      const sent: Promise<unknown>[] = [];
      let broken: Error | undefined;
      let isOver = false;
      try {
        // Pipelined: BEGIN travels with the first statements, the commit with the last, and what is sent together
        // shares a round trip. The answers come in the order of the sending, so that the first error is the cause.
        sent.push(told(connection.query('BEGIN')));
        const result = await work({
          query: (statement, values) => {
            assertGoesOn(isOver);
            return prepared(connection, statement, values);
          },
          send: (statement, values) => {
            assertGoesOn(isOver);
            sent.push(told(prepared(connection, statement, values)));
          },
        });
        isOver = true;
        const committed = told(connection.query('COMMIT'));
        await Promise.all(sent);
        const { command } = await committed;
        if (command !== 'COMMIT') throw new Error(`the transaction ended in ${command}, not in a commit`);
        return result;
      } catch (error) {
        isOver = true;
        await connection.query('ROLLBACK').catch((rollback: Error) => {
          broken = rollback;
        });
        // Everything was answered before the rollback. A statement that was sent may be what the work failed of.
        const cause = (await Promise.allSettled(sent)).find(({ status }) => status === 'rejected');
        throw cause?.status === 'rejected' ? cause.reason : error;
      } finally {
        // A connection that could not even roll back is closed, not handed to the next one.
        connection.release(broken);
      }
    },
  };
}

/** Its failure is told when it is awaited, after the work; until then it is nobody's surprise. */
function told<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(() => {});
  return promise;
}

function assertGoesOn(isOver: boolean): void {
  if (isOver) throw new Error('a statement came after the work of its transaction had ended');
}

const names = new Map<string, string>();

async function prepared<Row extends object>(
  on: pg.Pool | pg.PoolClient,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const result = await on.query<Row>({ name: nameOf(statement), text: statement, values: [...values] });
  return result.rows;
}

function nameOf(statement: string): string {
  const known = names.get(statement);
  if (known !== undefined) return known;
  const name = createHash('sha1').update(statement).digest('hex').slice(0, 24);
  names.set(statement, name);
  return name;
}
