import { firstIdDaysAgo } from '@saga/service-kit/first-id';

/** What was sent; what was given up waits for somebody to see to it. */
export const FORGET_DISPATCHES = `
  DELETE FROM dispatches WHERE order_id = ANY(ARRAY(
    SELECT order_id FROM dispatches
    WHERE order_id > $1 AND order_id < ${firstIdDaysAgo('$3::int')} AND sent_at < now() - $3::int * interval '1 day'
    ORDER BY order_id LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING order_id AS id`;
