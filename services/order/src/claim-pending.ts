import type { Sql } from '@saga/service-kit/database';
import { ORDER_COLUMNS, type OrderRow } from './store.ts';

export type ClaimOptions = {
  limit: number;
  /** The pause before the first repetition; it doubles with each, up to the longest. */
  firstPauseMs: number;
  longestPauseMs: number;
  /** Orders that are older are announced no more: the inboxes would take them for expired. */
  maxAgeDays: number;
};

/** How often it has been announced, the announcement that is due now included. */
export type DueOrder = OrderRow & { announcements: number };

/**
 * Of the orders whose time has come, those to announce now; for each is set when its time comes next. One whose last
 * announcement still stands in the outbox waits for the broker there: its turn is put off, uncounted.
 */
export type ClaimPending = (sql: Sql, options: ClaimOptions) => Promise<DueOrder[]>;

/**
 * The clock is asked once, or the index could not be used. IS TRUE makes the outbox's rows be looked up in a hash of
 * the few that are due; as a join, a plan from when the outbox was empty would compare each with each in an outage.
 */
export const CLAIM_PENDING = `
  WITH due AS (
    SELECT order_id, order_id::text AS key, created_at + $4::int * interval '1 day' AS expires,
           clock_timestamp() + $2::bigint * interval '1 millisecond' AS soon,
           clock_timestamp() + least($2::bigint * 2 ^ least(announcements, 30), $3::bigint) * interval '1 millisecond'
             AS later
    FROM orders WHERE announce_at <= (SELECT clock_timestamp())
    ORDER BY announce_at LIMIT $1 FOR UPDATE SKIP LOCKED),
  unsent AS (SELECT DISTINCT key FROM outbox WHERE (key IN (SELECT key FROM due)) IS TRUE),
  turn AS (
    SELECT order_id, expires, unsent.key IS NULL AND expires > clock_timestamp() AS announced,
           CASE WHEN unsent.key IS NULL THEN later ELSE soon END AS next
    FROM due LEFT JOIN unsent USING (key)),
  moved AS (
    UPDATE orders
    SET announcements = announcements + announced::int, announce_at = CASE WHEN next < expires THEN next END
    FROM turn WHERE orders.order_id = turn.order_id AND orders.order_id = ANY(ARRAY(SELECT order_id FROM due))
    RETURNING orders.*, announced)
  SELECT announcements, ${ORDER_COLUMNS} FROM moved WHERE announced`;

export const claimPending: ClaimPending = (sql, { limit, firstPauseMs, longestPauseMs, maxAgeDays }) =>
  sql.query(CLAIM_PENDING, [limit, firstPauseMs, longestPauseMs, maxAgeDays]);
