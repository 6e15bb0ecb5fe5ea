import { byKey } from '@saga/service-kit/participant';
import { action, compensation } from '@saga/testkit/message-builders';
import { describe, expect, test } from 'vitest';
import { type Coupon, restore, statusOf, use } from './domain.ts';

const orderId = '01980000-0000-7000-8000-000000000001';
const now = new Date('2026-01-31T12:00:00Z');
const coupon: Coupon = { couponId: 100, userId: 1, discountAmount: 1_000, expiresAt: null, use: null };
const asked = { orderId, couponId: 100, userId: 1, totalAmount: 5_000, discountAmount: 1_000 };
const command = action('use-coupon-command', asked);
const used: Coupon = { ...coupon, use: { actionId: command.envelope.id, orderId } };

const walletOf = (...coupons: Coupon[]) => ({ coupons: byKey(coupons, ({ couponId }) => couponId) });

describe('using a coupon', () => {
  test('spends it on the order', () => {
    expect(use(walletOf(coupon), command, now)).toEqual({
      outcome: 'success',
      reply: { couponId: 100, discountAmount: 1_000 },
      changes: { coupons: [used] },
    });
  });

  test('takes no more off than there is to pay', () => {
    const cheap = action('use-coupon-command', { ...asked, totalAmount: 600, discountAmount: 600 });
    expect(use(walletOf(coupon), cheap, now)).toMatchObject({ outcome: 'success', reply: { discountAmount: 600 } });
  });

  test.each([
    ['COUPON_UNKNOWN', 'there is no coupon 101', {}, { couponId: 101 }],
    ['COUPON_NOT_OWNED', "coupon 100 is not user 2's", {}, { userId: 2 }],
    ['COUPON_EXPIRED', 'coupon 100 expired at 2026-01-31T12:00:00.000Z', { expiresAt: now }, {}],
    ['COUPON_ALREADY_USED', 'coupon 100 has been used', { use: { actionId: 'another', orderId: 'another' } }, {}],
    ['DISCOUNT_CHANGED', 'coupon 100 takes 999 off, not 1000', { discountAmount: 999 }, {}],
    ['DISCOUNT_CHANGED', 'coupon 100 takes 600 off, not 1000', {}, { totalAmount: 600 }],
  ])('%s: %s', (code, message, ofCoupon, ofCommand) => {
    const answer = use(
      walletOf({ ...coupon, ...ofCoupon }),
      action('use-coupon-command', { ...asked, ...ofCommand }),
      now,
    );
    expect(answer).toEqual({ outcome: 'rejected', reason: { code, message } });
  });

  test('is possible until the moment it expires', () => {
    const lastMoment = new Date(now.getTime() + 1);
    expect(use(walletOf({ ...coupon, expiresAt: lastMoment }), command, now).outcome).toBe('success');
  });
});

describe('restoring a coupon', () => {
  const undo = compensation('restore-coupon-command', command);

  test('makes it usable again', () => {
    expect(restore(walletOf(used), undo)).toEqual({ coupons: [coupon] });
  });

  test('does nothing to one that was not used', () => {
    expect(restore(walletOf(coupon), undo)).toBe('nothing');
  });

  test('does nothing to one that another order has used since', () => {
    expect(restore(walletOf({ ...coupon, use: { actionId: 'another command', orderId } }), undo)).toBe('nothing');
  });
});

describe('the status of a coupon', () => {
  test.each([
    ['ISSUED', null, null],
    ['ISSUED', null, new Date('2026-02-01T00:00:00Z')],
    ['EXPIRED', null, new Date('2026-01-01T00:00:00Z')],
    ['USED', used.use, new Date('2026-01-01T00:00:00Z')],
  ] as const)('is %s', (status, useOf, expiresAt) => {
    expect(statusOf({ use: useOf, expiresAt }, now)).toBe(status);
  });
});
