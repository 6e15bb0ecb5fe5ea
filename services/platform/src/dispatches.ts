import type { Sql } from '@saga/service-kit/database';

/** A dispatch that this replica may send until its lease runs out. */
export type ClaimedDispatch = { orderId: string; payload: string; attempts: number };

/** How one attempt ended: sent, to be tried again after a pause, or given up. */
export type SettledDispatch = Pick<ClaimedDispatch, 'orderId' | 'attempts'> &
  ({ status: 'SENT' } | { status: 'PENDING'; error: string; pauseMs: number } | { status: 'FAILED'; error: string });

/**
 * The request to the platform happens outside of any transaction: `due_at` is moved by the lease, so that nobody else
 * takes these now, and somebody does if this replica dies. ARRAY, lest the planner runs the inner statement twice and
 * claims more than the limit.
 */
const CLAIM = `
  UPDATE dispatches SET attempts = attempts + 1, due_at = now() + $2::int * interval '1 millisecond'
  WHERE order_id = ANY(ARRAY(
    SELECT order_id FROM dispatches WHERE due_at <= now()
    ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED))
  RETURNING order_id AS "orderId", body::text AS payload, attempts`;

export const claimDispatches = (sql: Sql, limit: number, leaseMs: number): Promise<ClaimedDispatch[]> =>
  sql.query<ClaimedDispatch>(CLAIM, [limit, leaseMs]);

/** An attempt whose lease ran out has lost its say to the one that followed it. */
const SETTLE = `
  UPDATE dispatches SET
    status = settled.status,
    last_error = settled.error,
    sent_at = CASE WHEN settled.status = 'SENT' THEN now() END,
    due_at = CASE WHEN settled.status = 'PENDING' THEN now() + settled."pauseMs" * interval '1 millisecond' END
  FROM json_to_recordset($1::json)
    AS settled ("orderId" uuid, attempts int, status text, error text, "pauseMs" int)
  WHERE dispatches.order_id = settled."orderId" AND dispatches.attempts = settled.attempts
    AND dispatches.order_id = ANY($2::uuid[])`;

export async function settleDispatches(sql: Sql, settled: readonly SettledDispatch[]): Promise<void> {
  await sql.query(SETTLE, [JSON.stringify(settled), settled.map(({ orderId }) => orderId)]);
}

const RETURN = `
  UPDATE dispatches SET attempts = attempts - 1, due_at = now() WHERE order_id = $1 AND attempts = $2`;

/** Gives back what a stop cut off, as if it had not been claimed: the platform has not failed. */
export async function returnDispatch(sql: Sql, { orderId, attempts }: ClaimedDispatch): Promise<void> {
  await sql.query(RETURN, [orderId, attempts]);
}
