import type { Sql } from './database.ts';

/** The table's own id: several services may share a database. */
const TAKE = `SELECT pg_try_advisory_xact_lock($1::regclass::oid::bigint) AS taken`;

/**
 * Whether this transaction may publish what stands in the table, in its order: until it ends no other one may. What it
 * then reads needs a statement of its own, so that it sees all that was committed before.
 */
export async function takeTurn(sql: Sql, table: string): Promise<boolean> {
  const [turn] = await sql.query<{ taken: boolean }>(TAKE, [table]);
  return turn?.taken === true;
}
