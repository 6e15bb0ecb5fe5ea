import { firstIdDaysAgo } from '@saga/service-kit/first-id';

/** A pending order has no end that could be old. */
export const FORGET_ORDERS = `
  DELETE FROM orders WHERE order_id = ANY(ARRAY(
    SELECT order_id FROM orders
    WHERE order_id > $1 AND order_id < ${firstIdDaysAgo('$3::int')} AND ended_at < now() - $3::int * interval '1 day'
    ORDER BY order_id LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING order_id AS id`;
