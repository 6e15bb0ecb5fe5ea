import { firstIdDaysAgo } from '@saga/service-kit/first-id';
import type { UndoableStatements } from '@saga/service-kit/retention';

/**
 * What was paid stays paid: the account remembers how much, without knowing what for. Accounts are locked after
 * payments, in key order: as everywhere in this service.
 */
export const forgetPayments: UndoableStatements = {
  old: `
    SELECT DISTINCT order_id AS id FROM payments
    WHERE order_id > $1 AND order_id < ${firstIdDaysAgo('$3::int')}
    ORDER BY order_id LIMIT $2`,
  forget: `
    WITH old AS (
      SELECT action_id, user_id, amount, status FROM payments
      WHERE order_id = ANY($1::uuid[]) FOR UPDATE SKIP LOCKED),
    paid AS (SELECT user_id, sum(amount)::bigint AS amount FROM old WHERE status = 'PAID' GROUP BY 1),
    locked AS (
      SELECT user_id, amount FROM accounts JOIN paid USING (user_id)
      ORDER BY user_id FOR UPDATE OF accounts),
    remembered AS (
      UPDATE accounts SET paid_forgotten = paid_forgotten + amount
      FROM locked WHERE accounts.user_id = locked.user_id)
    DELETE FROM payments WHERE action_id = ANY(ARRAY(SELECT action_id FROM old))`,
};
