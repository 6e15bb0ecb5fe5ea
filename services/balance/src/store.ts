import type { Message } from '@saga/messages/message';
import type { Sql, Transaction } from '@saga/service-kit/database';
import { byKey, type Rows, rowsOf } from '@saga/service-kit/participant';
import type { Account, Ledger, Payment } from './domain.ts';

const LOAD_PAYMENTS = `
  SELECT action_id AS "actionId", order_id AS "orderId", user_id AS "userId", amount, status
  FROM payments
  WHERE action_id = ANY($1::uuid[])
  ORDER BY action_id FOR UPDATE`;

/** The accounts that pay, and those of the payments that are undone. */
const LOAD_ACCOUNTS = `
  SELECT user_id AS "userId", balance
  FROM accounts
  WHERE user_id = ANY(ARRAY(
    SELECT unnest($1::bigint[])
    UNION
    SELECT user_id FROM payments WHERE action_id = ANY($2::uuid[])))
  ORDER BY user_id FOR UPDATE`;

/** Locks payments, then accounts, each in key order: as everywhere in this service (trap 13). */
export async function loadLedger(sql: Sql, messages: readonly Message[]): Promise<Rows<Ledger>> {
  const undone = messages.flatMap(({ envelope }) => envelope.actionId ?? []);
  const paying = messages.flatMap((message) => (message.topic === 'deduct-balance-command' ? message.body.userId : []));
  const [payments, accounts] = await Promise.all([
    rowsOf<Payment>(sql, LOAD_PAYMENTS, undone),
    rowsOf<Account>(sql, LOAD_ACCOUNTS, paying, undone),
  ]);
  return {
    payments: byKey(payments, (payment) => payment.actionId),
    accounts: byKey(accounts, (account) => account.userId),
  };
}

const SAVE_PAYMENTS = `
  INSERT INTO payments (action_id, order_id, user_id, amount, status)
  SELECT "actionId", "orderId", "userId", amount, status
  FROM json_to_recordset($1::json)
    AS changed ("actionId" uuid, "orderId" uuid, "userId" bigint, amount bigint, status text)
  ORDER BY "actionId"
  ON CONFLICT (action_id) DO UPDATE SET status = excluded.status`;

const SAVE_ACCOUNTS = `
  UPDATE accounts SET balance = changed.balance
  FROM json_to_recordset($1::json) AS changed ("userId" bigint, balance bigint)
  WHERE accounts.user_id = changed."userId" AND accounts.user_id = ANY($2::bigint[])`;

export function saveLedger(
  sql: Transaction,
  { payments, accounts }: { payments: readonly Payment[]; accounts: readonly Account[] },
): void {
  if (payments.length > 0) sql.send(SAVE_PAYMENTS, [JSON.stringify(payments)]);
  if (accounts.length > 0) sql.send(SAVE_ACCOUNTS, [JSON.stringify(accounts), accounts.map(({ userId }) => userId)]);
}
