import type { LedgerStatements } from '@saga/service-kit/ledger';

/** Coupons that are used, per order. */
export const couponLedger: LedgerStatements = {
  effects: `
    SELECT order_id AS "orderId",
           json_agg(json_build_object('actionId', action_id, 'status', 'USED', 'isSettled', true,
                                      'reply', json_build_object('couponId', coupon_id))) AS effects
    FROM coupons
    WHERE order_id > $1::uuid AND order_id <= $2::uuid
    GROUP BY order_id ORDER BY order_id LIMIT $3`,
};
