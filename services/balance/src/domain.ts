import type { Message } from '@saga/messages/message';
import { type Changes, type Decision, type Rows, rejected } from '@saga/service-kit/participant';

/** What is left of the money that was put in: with the payments that stand it is all that ever was. */
export type Account = { userId: number; balance: number };

/** What one deduction took. It can be given back once. */
export type Payment = {
  /** The command id of the deduction. */
  actionId: string;
  orderId: string;
  userId: number;
  amount: number;
  status: 'PAID' | 'REFUNDED';
};

export type Ledger = { payments: Payment; accounts: Account };

/** Takes the whole amount or nothing. */
export function deduct(
  ledger: Rows<Ledger>,
  { envelope, body }: Message<'deduct-balance-command'>,
): Decision<Ledger, 'deduct-balance-command'> {
  const { orderId, userId, amount } = body;
  const account = ledger.accounts.get(userId);
  if (!account) return rejected('ACCOUNT_UNKNOWN', `user ${userId} has no account`);
  if (account.balance < amount)
    return rejected('INSUFFICIENT_BALANCE', `user ${userId}: ${amount} wanted, ${account.balance} there`);
  const balance = account.balance - amount;
  const payment: Payment = { actionId: envelope.id, orderId, userId, amount, status: 'PAID' };
  return {
    outcome: 'success',
    reply: { paymentId: payment.actionId, amount, balanceAfter: balance },
    changes: { payments: [payment], accounts: [{ ...account, balance }] },
  };
}

/** Gives back what the deduction took. */
export function refund(
  ledger: Rows<Ledger>,
  { envelope }: Message<'refund-balance-command'>,
): Changes<Ledger> | 'nothing' {
  const payment = ledger.payments.get(envelope.actionId ?? '');
  if (payment?.status !== 'PAID') return 'nothing';
  const account = ledger.accounts.get(payment.userId);
  if (!account) throw new Error(`account ${payment.userId} of payment ${payment.actionId} was not loaded`);
  return {
    payments: [{ ...payment, status: 'REFUNDED' }],
    accounts: [{ ...account, balance: account.balance + payment.amount }],
  };
}
