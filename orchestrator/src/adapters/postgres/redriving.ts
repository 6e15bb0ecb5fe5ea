import type { Sql, Transaction } from '@saga/service-kit/database';
import type { Original } from '../../app/dead-letters.ts';

/** Held until the transaction ends: two replicas that publish at once could swap the messages of a key. */
const TAKE_TURN = `SELECT pg_try_advisory_xact_lock('dead_letter'::regclass::oid::bigint) AS taken`;

/**
 * A statement after the turn was taken, so that it sees all that was committed before. It locks no rows: a transaction
 * that did would have a number, and hold up the stream of events while the broker is away (saga-events.ts).
 */
const CLAIM = `
  SELECT id, topic, key, headers, value FROM dead_letter
  WHERE status = 'REDRIVING'
  ORDER BY seq LIMIT $1`;

export async function claimRedriving(sql: Sql, limit: number): Promise<(Original & { id: string; topic: string })[]> {
  const [turn] = await sql.query<{ taken: boolean }>(TAKE_TURN);
  return turn?.taken ? sql.query(CLAIM, [limit]) : [];
}

const REDRIVEN = `UPDATE dead_letter SET status = 'REDRIVEN' WHERE id = ANY($1::uuid[])`;

export const setRedriven = (sql: Transaction, ids: readonly string[]): void => sql.send(REDRIVEN, [ids]);
