import { fold } from '@saga/service-kit/fold';
import { byKey } from '@saga/service-kit/participant';
import { action, compensation } from '@saga/testkit/message-builders';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Account, deduct, type Payment, refund } from './domain.ts';
import { balanceParticipant } from './participant.ts';

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
    expect(deduct(ledgerOf([]), deduction)).toEqual({
      outcome: 'rejected',
      reason: { code: 'ACCOUNT_UNKNOWN', message: 'user 1 has no account' },
    });
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

  test('of an account that was not loaded is a bug that must be seen', () => {
    expect(() => refund(ledgerOf([], [paymentOf('PAID')]), undo)).toThrow(
      `account 1 of payment ${deduction.envelope.id} was not loaded`,
    );
  });
});

test('whatever is taken and given back in any order, no money is lost or made', () => {
  const happenings = fc.array(fc.record({ order: fc.nat({ max: 5 }), what: fc.constantFrom('deduct', 'refund') }), {
    maxLength: 30,
  });
  const amounts = fc.array(fc.integer({ min: 0, max: 600 }), { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(amounts, happenings, (asked, happened) => {
      const orders = asked.map((amount, number) => {
        const order = `01980000-0000-7000-8000-00000000000${number}`;
        const deducted = action('deduct-balance-command', { orderId: order, userId: 1, amount });
        return { deduct: deducted, refund: compensation('refund-balance-command', deducted) };
      });
      const messages = happened.flatMap(({ order, what }) => orders[order]?.[what] ?? []);
      const { changes } = fold(balanceParticipant, new Map(), ledgerOf([account]), messages, new Date());

      const balance = changes.accounts[0]?.balance ?? account.balance;
      const paid = changes.payments
        .filter(({ status }) => status === 'PAID')
        .reduce((sum, { amount }) => sum + amount, 0);
      expect(balance + paid).toBe(account.balance);
      expect(balance).toBeGreaterThanOrEqual(0);
    }),
  );
});
