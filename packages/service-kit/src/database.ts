import { createHash } from 'node:crypto';
import pg from 'pg';

/** One statement at a time, in the open: the SQL stands in full where it is used, beside the type that it returns. */
export interface Sql {
  query<Row extends object>(statement: string, values?: readonly unknown[]): Promise<Row[]>;
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
  transaction<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
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
      let broken: Error | undefined;
      try {
        // Pipelined: it travels with the first statements, and statements sent together share a round trip.
        const begun = connection.query('BEGIN');
        begun.catch(() => {}); // told below, unless the first statement tells it first
        const result = await work({ query: (statement, values) => prepared(connection, statement, values) });
        await begun;
        const commit = await connection.query('COMMIT');
        if (commit.command !== 'COMMIT') throw new Error(`the transaction ended in ${commit.command}, not in a commit`);
        return result;
      } catch (error) {
        await connection.query('ROLLBACK').catch((rollback: Error) => {
          broken = rollback;
        });
        throw error;
      } finally {
        // A connection that could not even roll back is closed, not handed to the next one.
        connection.release(broken);
      }
    },
  };
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
