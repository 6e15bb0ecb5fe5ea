import type { LedgerStatements } from '@saga/service-kit/ledger';

/** Reservations that were not released, per order; and the products whose numbers are not what these hold. */
export const productLedger: LedgerStatements = {
  effects: `
    SELECT order_id AS "orderId",
           json_agg(json_build_object('actionId', action_id, 'status', status, 'isSettled', status = 'SETTLED',
                                      'reply', json_build_object('reservationId', action_id))) AS effects
    FROM reservations
    WHERE order_id > $1::uuid AND order_id <= $2::uuid AND status <> 'RELEASED'
    GROUP BY order_id ORDER BY order_id LIMIT $3`,
  faults: `
    SELECT 'product ' || product_id AS subject,
           format('%s pieces were put in, and %s are available, %s reserved and %s sold; the reservations hold %s '
                  'reserved and %s sold (%s of them forgotten)',
                  added, available, products.reserved, products.sold, coalesce(held.reserved, 0),
                  coalesce(held.sold, 0) + sold_forgotten, sold_forgotten) AS message
    FROM products
    LEFT JOIN (
      SELECT (item ->> 'productId')::bigint AS product_id,
             sum((item ->> 'quantity')::bigint) FILTER (WHERE status = 'RESERVED') AS reserved,
             sum((item ->> 'quantity')::bigint) FILTER (WHERE status = 'SETTLED') AS sold
      FROM reservations, json_array_elements(items) AS item
      WHERE status <> 'RELEASED' GROUP BY 1
    ) AS held USING (product_id)
    WHERE added <> available + products.reserved + products.sold
       OR products.reserved <> coalesce(held.reserved, 0)
       OR products.sold <> coalesce(held.sold, 0) + sold_forgotten
    ORDER BY product_id LIMIT $1`,
};
