import type { Database } from '@saga/service-kit/database';
import type { Forgetting } from '@saga/service-kit/retention';

/** What is open, or not published yet, is never too old. */
const FORGET_DEAD_LETTERS = `
  DELETE FROM dead_letter WHERE id = ANY(ARRAY(
    SELECT id FROM dead_letter
    WHERE decided_at < now() - $1::int * interval '1 day' AND status IN ('REDRIVEN', 'DISCARDED')
    LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING id`;

const FORGET_AUDIT = `
  DELETE FROM audit WHERE id = ANY(ARRAY(
    SELECT id FROM audit WHERE at < now() - $1::int * interval '1 day' LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING id`;

/** What people decided so long ago: dead letters and the audit. */
export const forgetsDecided = (database: Database, days: number): Forgetting[] =>
  [FORGET_DEAD_LETTERS, FORGET_AUDIT].map((statement) => async (after, limit) => {
    const gone = await database.query(statement, [days, limit]);
    return gone.length < limit ? undefined : after; // what is next is old enough too, wherever it stands
  });
