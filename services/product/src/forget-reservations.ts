import { firstIdDaysAgo } from '@saga/service-kit/first-id';

/**
 * Settled and released: nothing happens to those any more. What was sold stays sold: the product remembers how much of
 * it without knowing to whom. Products are locked after reservations, in key order: as everywhere in this service.
 */
export const FORGET_RESERVATIONS = `
  WITH old AS (
    SELECT action_id, order_id, items, status FROM reservations
    WHERE order_id >= $1 AND order_id < ${firstIdDaysAgo('$3::int')} AND status IN ('SETTLED', 'RELEASED')
    ORDER BY order_id LIMIT $2 FOR UPDATE SKIP LOCKED),
  sold AS (
    SELECT (item ->> 'productId')::bigint AS product_id, sum((item ->> 'quantity')::bigint) AS pieces
    FROM old, json_array_elements(items) AS item
    WHERE status = 'SETTLED' GROUP BY 1),
  locked AS (
    SELECT product_id, pieces FROM products JOIN sold USING (product_id)
    ORDER BY product_id FOR UPDATE OF products),
  remembered AS (
    UPDATE products SET sold_forgotten = sold_forgotten + pieces
    FROM locked WHERE products.product_id = locked.product_id)
  DELETE FROM reservations WHERE action_id = ANY(ARRAY(SELECT action_id FROM old))
  RETURNING order_id AS id`;
