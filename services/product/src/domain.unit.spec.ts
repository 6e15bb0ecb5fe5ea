import type { OrderItem } from '@saga/messages/values';
import { byKey } from '@saga/service-kit/participant';
import { action, compensation, orderProcessed } from '@saga/testkit/message-builders';
import { describe, expect, test } from 'vitest';
import { decrease, type Product, type Reservation, restore, settle } from './domain.ts';

const orderId = '01980000-0000-7000-8000-000000000001';
const pen: Product = { productId: 1, price: 300, available: 10, reserved: 0, sold: 0 };
const ink: Product = { productId: 2, price: 700, available: 4, reserved: 1, sold: 5 };
const items: OrderItem[] = [
  { productId: 1, quantity: 3, unitPrice: 300 },
  { productId: 2, quantity: 4, unitPrice: 700 },
];

const stockOf = (products: Product[], reservations: Reservation[] = []) => ({
  products: byKey(products, (product) => product.productId),
  reservations: byKey(reservations, (reservation) => reservation.actionId),
});
const decreaseOf = (ordered: OrderItem[]) => action('decrease-product-command', { orderId, items: ordered });
const reservationOf = (status: Reservation['status']): Reservation => ({
  actionId: decreaseOf(items).envelope.id,
  orderId,
  items,
  status,
});

describe('decreasing stock', () => {
  test('sets every item aside under the id of the command', () => {
    const command = decreaseOf(items);
    expect(decrease(stockOf([pen, ink]), command)).toEqual({
      outcome: 'success',
      reply: { reservationId: command.envelope.id },
      changes: {
        products: [
          { ...pen, available: 7, reserved: 3 },
          { ...ink, available: 0, reserved: 5 },
        ],
        reservations: [reservationOf('RESERVED')],
      },
    });
  });

  test('two lines of one product are taken from the same stock', () => {
    const line: OrderItem = { productId: 1, quantity: 5, unitPrice: 300 };
    expect(decrease(stockOf([pen]), decreaseOf([line, line]))).toMatchObject({
      outcome: 'success',
      changes: { products: [{ available: 0, reserved: 10 }] },
    });
    expect(decrease(stockOf([pen]), decreaseOf([line, { ...line, quantity: 6 }]))).toMatchObject({
      reason: { code: 'OUT_OF_STOCK' },
    });
  });

  test.each([
    ['OUT_OF_STOCK', { productId: 2, quantity: 5, unitPrice: 700 }],
    ['PRICE_CHANGED', { productId: 2, quantity: 1, unitPrice: 699 }],
    ['PRODUCT_UNKNOWN', { productId: 3, quantity: 1, unitPrice: 1 }],
  ])('%s of the last item refuses all of them', (code, last) => {
    const answer = decrease(stockOf([pen, ink]), decreaseOf([{ productId: 1, quantity: 1, unitPrice: 300 }, last]));
    expect(answer).toEqual({ outcome: 'rejected', reason: { code, message: expect.any(String) } });
  });
});

describe('restoring stock', () => {
  const undo = compensation('restore-product-command', decreaseOf(items));
  const reservedPen = { ...pen, available: 7, reserved: 3 };
  const reservedInk = { ...ink, available: 0, reserved: 5 };

  test('puts back what was set aside', () => {
    expect(restore(stockOf([reservedPen, reservedInk], [reservationOf('RESERVED')]), undo)).toEqual({
      products: [pen, ink],
      reservations: [reservationOf('RELEASED')],
    });
  });

  test.each(['RELEASED', 'SETTLED'] as const)('does nothing to a reservation that is %s', (status) => {
    expect(restore(stockOf([pen, ink], [reservationOf(status)]), undo)).toBe('nothing');
  });

  test('does nothing where nothing was set aside', () => {
    expect(restore(stockOf([]), undo)).toBe('nothing');
  });
});

describe('settling a processed order', () => {
  const processed = orderProcessed({
    orderId,
    saga: 'place-order',
    userId: 1,
    items,
    couponId: null,
    totalAmount: 3_700,
    discountAmount: 0,
    finalAmount: 3_700,
    paymentId: null,
    deliveryId: null,
    completedAt: '2026-01-31T12:00:00Z',
  });

  test('sells what was set aside for it', () => {
    const stock = stockOf(
      [
        { ...pen, available: 7, reserved: 3 },
        { ...ink, reserved: 5 },
      ],
      [reservationOf('RESERVED')],
    );
    expect(settle(stock, processed)).toEqual({
      products: [
        { ...pen, available: 7, reserved: 0, sold: 3 },
        { ...ink, reserved: 1, sold: 9 },
      ],
      reservations: [reservationOf('SETTLED')],
    });
  });

  test.each(['RELEASED', 'SETTLED'] as const)('leaves a reservation that is %s as it is', (status) => {
    expect(settle(stockOf([pen, ink], [reservationOf(status)]), processed)).toEqual({});
  });
});
