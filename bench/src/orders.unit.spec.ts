import { expect, test } from 'vitest';
import { orderAt, SHOP } from './orders.ts';

test('each order has a coupon of its own, and the k-th is the same in every run', () => {
  const coupons = new Set(Array.from({ length: 1_000 }, (_, k) => orderAt(k).couponId));
  expect(coupons.size).toBe(1_000);
  expect(orderAt(7)).toEqual({ userId: 3_104, productId: 434, quantity: 1, couponId: 8, amount: 9_000 });
  expect(() => orderAt(SHOP.coupons)).toThrow('coupon');
});

test('a refused order costs more than its user has, of something that there is enough of', () => {
  const refused = orderAt(10, { refusedEvery: 5 });
  expect(refused.amount).toBeGreaterThan(SHOP.balance);
  expect(refused.quantity).toBeLessThan(SHOP.stock / 1_000);
  expect(orderAt(11, { refusedEvery: 5 }).amount).toBe(SHOP.price - SHOP.discount);
});
