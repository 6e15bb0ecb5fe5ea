import type { Once } from '@saga/service-kit/idempotency';
import { describe, expect, it } from 'vitest';
import { type Known, type Placement, placeOrders } from './place-orders.ts';

const known: Known = {
  products: new Map([[1, { productId: 1, price: 500, version: 1 }]]),
  accounts: new Map([[1, { userId: 1, publicId: 'user-1', version: 1 }]]),
  coupons: new Map(),
  answers: [],
  committed: [],
};

const once = (key: string, requestHash = 'same', scope = 'user 1'): Once => ({ scope, key, requestHash });

const placement = (orderId: string, changes: { once?: Once; productId?: number } = {}): Placement => ({
  orderId,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  createdAt: new Date('2026-01-01T00:00:00Z'),
  request: {
    saga: 'place-order',
    userId: 1,
    items: [{ productId: changes.productId ?? 1, quantity: 3, price: null }],
    couponId: null,
    shipTo: null,
  },
  once: changes.once,
});

const order = (orderId: string) =>
  ({ orderId, saga: 'place-order', totalAmount: 1_500, discountAmount: 0, finalAmount: 1_500 }) as const;

describe('a batch of requests', () => {
  it('without a key: each is an order of its own (trap 8)', () => {
    const { outcomes, orders, answers } = placeOrders(known, [placement('a'), placement('b')]);
    expect(outcomes).toEqual([
      { outcome: 'placed', order: order('a') },
      { outcome: 'placed', order: order('b') },
    ]);
    expect(orders.map(({ orderId, status }) => `${orderId} ${status}`)).toEqual(['a PENDING', 'b PENDING']);
    expect(answers).toEqual([]);
  });

  it('with one key and one request: they are one order (trap 8)', () => {
    const { outcomes, orders, answers } = placeOrders(known, [
      placement('a', { once: once('k') }),
      placement('b', { once: once('k') }),
    ]);
    expect(outcomes).toEqual([
      { outcome: 'placed', order: order('a') },
      { outcome: 'placed-before', order: order('a') },
    ]);
    expect(orders).toHaveLength(1);
    expect(answers).toEqual([{ ...once('k'), order: order('a') }]);
  });

  it('with one key and two requests: the second is told so', () => {
    const { outcomes, orders } = placeOrders(known, [
      placement('a', { once: once('k') }),
      placement('b', { once: once('k', 'other') }),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['placed', 'key-reused']);
    expect(orders).toHaveLength(1);
  });

  it("with one key of two callers: a key is its caller's own", () => {
    const { outcomes } = placeOrders(known, [
      placement('a', { once: once('k') }),
      placement('b', { once: once('k', 'other', 'user 2') }),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['placed', 'placed']);
  });

  it('with a key that was answered before: the same answer again', () => {
    const answered = { ...known, answers: [{ ...once('k'), order: order('before') }] };
    const { outcomes, orders, answers } = placeOrders(answered, [placement('a', { once: once('k') })]);
    expect(outcomes).toEqual([{ outcome: 'placed-before', order: order('before') }]);
    expect([...orders, ...answers]).toEqual([]);
  });

  it('a refusal is not remembered, and harms no other request', () => {
    const { outcomes, orders, answers } = placeOrders(known, [
      placement('a', { once: once('k'), productId: 9 }),
      placement('b'),
      placement('c', { once: once('k') }),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['refused', 'placed', 'placed']);
    expect(orders.map(({ orderId }) => orderId)).toEqual(['b', 'c']);
    expect(answers).toEqual([{ ...once('k'), order: order('c') }]);
  });

  it('what an earlier try has committed is not placed twice', () => {
    const again = { ...known, committed: [order('a')], answers: [{ ...once('k'), order: order('a') }] };
    const { outcomes, orders } = placeOrders(again, [placement('a', { once: once('k') }), placement('b')]);
    expect(outcomes).toEqual([
      { outcome: 'placed', order: order('a') },
      { outcome: 'placed', order: order('b') },
    ]);
    expect(orders.map(({ orderId }) => orderId)).toEqual(['b']);
  });

  it('while no new order can be taken, is answered as before or not at all', () => {
    const before = { ...known, answers: [{ ...once('k'), order: order('a') }] };
    const { outcomes, orders } = placeOrders(before, [
      { ...placement('b', { once: once('k') }), replayOnly: true },
      { ...placement('c', { once: once('k', 'other') }), replayOnly: true },
      { ...placement('d', { once: once('l') }), replayOnly: true },
    ]);
    expect(outcomes).toEqual([
      { outcome: 'placed-before', order: order('a') },
      { outcome: 'key-reused' },
      { outcome: 'nothing-to-replay' },
    ]);
    expect(orders).toEqual([]);
  });
});
