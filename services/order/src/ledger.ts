import type { LedgerStatements } from '@saga/service-kit/ledger';

/** Every order and how it stands: it is its saga's step zero, and no command asked for it. */
export const orderLedger: LedgerStatements = {
  effects: `
    SELECT order_id AS "orderId",
           json_build_array(json_build_object('actionId', order_id, 'status', status,
                                              'isSettled', status <> 'PENDING', 'reply', json_build_object())) AS effects
    FROM orders
    WHERE order_id > $1::uuid AND order_id <= $2::uuid
    ORDER BY order_id LIMIT $3`,
};
