import { firstIdDaysAgo } from '@saga/service-kit/first-id';

/**
 * So much longer than a service keeps what may have to be undone: the service forgets only what is known here to have
 * ended, and may have been away.
 */
export const KEPT_LONGER_DAYS = 7;

/** Saga and journal together: one without the other would tell half a story. */
const forget = (old: string): string => `
  WITH old AS (SELECT id FROM saga WHERE id > $1 AND ${old} ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED),
       journal_of_old AS (DELETE FROM journal WHERE saga_id = ANY(ARRAY(SELECT id FROM old)))
  DELETE FROM saga WHERE id = ANY(ARRAY(SELECT id FROM old))
  RETURNING id`;

/** What has not ended (running, stuck, paused) has no end that could be old. */
export const FORGET_ENDED = forget(
  `id < ${firstIdDaysAgo('$3::int')} AND ended_at < now() - $3::int * interval '1 day'`,
);

/**
 * A cancellation that was kept for an order that never came. The order may yet come until its announcement expires.
 * All that is open is looked through, by its own index: an id that somebody made up tells no time.
 */
export const FORGET_AWAITED = forget(
  `ended_at IS NULL AND status = 'AWAITED' AND updated_at < now() - $3::int * interval '1 day'`,
);
