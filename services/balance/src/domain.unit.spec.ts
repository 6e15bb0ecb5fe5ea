import { byKey } from '@saga/service-kit/participant';
import { action, compensation } from '@saga/testkit/message-builders';
import { describe, expect, test } from 'vitest';
import { type Account, deduct, type Payment, refund } from './domain.ts';

const orderId = '01980000-0000-7000-8000-000000000001';
const account: Account = { userId: 1, balance: 1_000 };
const deduction = action('deduct-balance-command', { orderId, userId: 1, amount: 400 });
const paymentOf = (status: Payment['status']): Payment => ({
  actionId: deduction.envelope.id,
  orderId,
  userId: 1,
  amount: 400,
  status,
});
const ledgerOf = (accounts: Account[], payments: Payment[] = []) => ({
  accounts: byKey(accounts, ({ userId }) => userId),
  payments: byKey(payments, ({ actionId }) => actionId),
});

describe('deducting from a balance', () => {
  test('takes the amount and keeps the payment under the id of the command', () => {
    expect(deduct(ledgerOf([account]), deduction)).toEqual({
      outcome: 'success',
      reply: { paymentId: deduction.envelope.id, amount: 400, balanceAfter: 600 },
      changes: { accounts: [{ userId: 1, balance: 600 }], payments: [paymentOf('PAID')] },
    });
  });

  test('takes the last of it', () => {
    expect(deduct(ledgerOf([{ userId: 1, balance: 400 }]), deduction)).toMatchObject({ reply: { balanceAfter: 0 } });
  });

  test('INSUFFICIENT_BALANCE: takes nothing when one unit is missing', () => {
    expect(deduct(ledgerOf([{ userId: 1, balance: 399 }]), deduction)).toEqual({
      outcome: 'rejected',
      reason: { code: 'INSUFFICIENT_BALANCE', message: 'user 1: 400 wanted, 399 there' },
    });
  });

  test('ACCOUNT_UNKNOWN: there is nobody to take from', () => {
    expect(deduct(ledgerOf([]), deduction)).toMatchObject({ outcome: 'rejected', reason: { code: 'ACCOUNT_UNKNOWN' } });
  });
});

describe('refunding a payment', () => {
  const undo = compensation('refund-balance-command', deduction);

  test('gives the whole amount back', () => {
    expect(refund(ledgerOf([{ userId: 1, balance: 600 }], [paymentOf('PAID')]), undo)).toEqual({
      accounts: [account],
      payments: [paymentOf('REFUNDED')],
    });
  });

  test('gives nothing back twice', () => {
    expect(refund(ledgerOf([account], [paymentOf('REFUNDED')]), undo)).toBe('nothing');
  });

  test('gives nothing back that was never taken', () => {
    expect(refund(ledgerOf([account]), undo)).toBe('nothing');
  });
});
