import { orderProcessed } from '@saga/testkit/message-builders';
import { describe, expect, test } from 'vitest';
import { count, countAndDispatch, type DayIncrease } from './domain.ts';

const order = orderProcessed({
  orderId: '01980000-0000-7000-8000-000000000001',
  saga: 'place-order',
  userId: 1,
  items: [
    { productId: 1, quantity: 2, unitPrice: 300 },
    { productId: 2, quantity: 5, unitPrice: 100 },
  ],
  couponId: 100,
  totalAmount: 1_100,
  discountAmount: 100,
  finalAmount: 1_000,
  paymentId: null,
  deliveryId: null,
  completedAt: '2026-01-31T12:00:00Z',
});
const day: DayIncrease = {
  date: '2026-01-31',
  orders: 1,
  items: 7,
  totalAmount: 1_100,
  discountAmount: 100,
  finalAmount: 1_000,
};
const booksOf = (...days: DayIncrease[]) => ({
  dispatches: new Map(),
  days: new Map(days.map((each) => [each.date, each])),
});

describe('a processed order', () => {
  test('is counted with its pieces and its amounts', () => {
    expect(count(booksOf(), order)).toEqual({ days: [day] });
  });

  test('adds to what the batch has counted on that day', () => {
    expect(count(booksOf(day), order)).toEqual({
      days: [{ date: '2026-01-31', orders: 2, items: 14, totalAmount: 2_200, discountAmount: 200, finalAmount: 2_000 }],
    });
  });

  test('counts on the day of its completion in UTC, wherever the clock stood that wrote it', () => {
    const abroad = { ...order, body: { ...order.body, completedAt: '2026-02-01T08:30:00+09:00' } };
    expect(count(booksOf(), abroad)).toEqual({ days: [day] });
  });

  test('is noted for the platform, whole', () => {
    expect(countAndDispatch(booksOf(), order)).toEqual({
      days: [day],
      dispatches: [{ orderId: order.body.orderId, order: order.body }],
    });
  });
});
