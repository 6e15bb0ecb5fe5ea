import type { Sql, Transaction } from '@saga/service-kit/database';
import type { Original } from '../../app/dead-letters.ts';

const CLAIM = `
  SELECT id, topic, key, headers, value FROM dead_letter
  WHERE status = 'REDRIVING'
  ORDER BY seq LIMIT $1 FOR UPDATE SKIP LOCKED`;

export const claimRedriving = (sql: Sql, limit: number): Promise<(Original & { id: string; topic: string })[]> =>
  sql.query(CLAIM, [limit]);

const REDRIVEN = `UPDATE dead_letter SET status = 'REDRIVEN' WHERE id = ANY($1::uuid[])`;

export const setRedriven = (sql: Transaction, ids: readonly string[]): void => sql.send(REDRIVEN, [ids]);
