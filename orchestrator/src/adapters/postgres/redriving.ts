import type { Sql, Transaction } from '@saga/service-kit/database';
import { takeTurn } from '@saga/service-kit/take-turn';
import type { Original } from '../../app/dead-letters.ts';

/**
 * It locks no rows: a transaction that did would have a number, and hold up the stream of events while the broker is away
 * (saga-events.ts).
 */
const CLAIM = `
  SELECT id, topic, key, headers, value FROM dead_letter
  WHERE status = 'REDRIVING'
  ORDER BY seq LIMIT $1`;

/** Two replicas that publish at once could swap the messages of a key: nothing where it is another one's turn. */
export async function claimRedriving(sql: Sql, limit: number): Promise<(Original & { id: string; topic: string })[]> {
  return (await takeTurn(sql, 'dead_letter')) ? sql.query(CLAIM, [limit]) : [];
}

const REDRIVEN = `UPDATE dead_letter SET status = 'REDRIVEN' WHERE id = ANY($1::uuid[])`;

export const setRedriven = (sql: Transaction, ids: readonly string[]): void => sql.send(REDRIVEN, [ids]);
