import type { LedgerStatements } from '@saga/service-kit/ledger';

/** Deliveries that were not cancelled, per order. */
export const deliveryLedger: LedgerStatements = {
  effects: `
    SELECT order_id AS "orderId",
           json_agg(json_build_object('actionId', delivery_id, 'status', status, 'isSettled', true,
                                      'reply', json_build_object('deliveryId', delivery_id))) AS effects
    FROM deliveries
    WHERE order_id > $1::uuid AND order_id <= $2::uuid AND status <> 'CANCELLED'
    GROUP BY order_id ORDER BY order_id LIMIT $3`,
};
