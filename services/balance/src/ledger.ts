import type { LedgerStatements } from '@saga/service-kit/ledger';

/** Payments that were not refunded, per order; and the accounts whose balance is not what these leave. */
export const balanceLedger: LedgerStatements = {
  effects: `
    SELECT order_id AS "orderId",
           json_agg(json_build_object('actionId', action_id, 'status', status, 'isSettled', true,
                                      'reply', json_build_object('paymentId', action_id, 'amount', amount))) AS effects
    FROM payments
    WHERE order_id > $1::uuid AND order_id <= $2::uuid AND status <> 'REFUNDED'
    GROUP BY order_id ORDER BY order_id LIMIT $3`,
  faults: `
    SELECT 'the account of user ' || user_id AS subject,
           format('%s was put in, and the balance is %s; the payments took %s (%s of it by forgotten ones)',
                  added, balance, coalesce(paid, 0) + paid_forgotten, paid_forgotten) AS message
    FROM accounts
    LEFT JOIN (
      SELECT user_id, sum(amount) AS paid FROM payments WHERE status = 'PAID' GROUP BY 1
    ) AS taken USING (user_id)
    WHERE added <> balance + coalesce(paid, 0) + paid_forgotten
    ORDER BY user_id LIMIT $1`,
};
