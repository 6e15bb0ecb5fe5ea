import type { OrderItem } from '@saga/messages/values';
import { fold } from '@saga/service-kit/fold';
import { byKey } from '@saga/service-kit/participant';
import { action, compensation, orderProcessed } from '@saga/testkit/message-builders';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decrease, type Product, type Reservation, restore, settle } from './domain.ts';
import { productParticipant } from './participant.ts';

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

const processedOf = (order: string, ordered: OrderItem[]) =>
  orderProcessed({
    orderId: order,
    saga: 'place-order',
    userId: 1,
    items: ordered,
    couponId: null,
    totalAmount: 3_700,
    discountAmount: 0,
    finalAmount: 3_700,
    paymentId: null,
    deliveryId: null,
    completedAt: '2026-01-31T12:00:00Z',
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
    ['OUT_OF_STOCK', 'product 2: 5 wanted, 4 available', { productId: 2, quantity: 5, unitPrice: 700 }],
    ['PRICE_CHANGED', 'product 2 now costs 700, not 699', { productId: 2, quantity: 1, unitPrice: 699 }],
    ['PRODUCT_UNKNOWN', 'there is no product 3', { productId: 3, quantity: 1, unitPrice: 1 }],
  ])('%s of the last item refuses all of them: %s', (code, message, last) => {
    const answer = decrease(stockOf([pen, ink]), decreaseOf([{ productId: 1, quantity: 1, unitPrice: 300 }, last]));
    expect(answer).toEqual({ outcome: 'rejected', reason: { code, message } });
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

test('a reservation whose product was not loaded is a bug that must be seen', () => {
  const undo = compensation('restore-product-command', decreaseOf(items));
  expect(() => restore(stockOf([pen], [reservationOf('RESERVED')]), undo)).toThrow(
    `product 2 of reservation ${reservationOf('RESERVED').actionId} was not loaded`,
  );
});

describe('settling a processed order', () => {
  const processed = processedOf(orderId, items);

  test("leaves another order's reservation as it is", () => {
    const other = processedOf('01980000-0000-7000-8000-000000000002', items);
    expect(settle(stockOf([pen, ink], [reservationOf('RESERVED')]), other)).toEqual({});
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

test('whatever happens to any orders in any order, no piece is lost, made or counted twice', () => {
  const lines = fc.uniqueArray(
    fc.record({ productId: fc.constantFrom(1, 2), quantity: fc.integer({ min: 1, max: 6 }) }),
    {
      selector: ({ productId }) => productId,
      minLength: 1,
    },
  );
  const happenings = fc.array(
    fc.record({ order: fc.nat({ max: 4 }), what: fc.constantFrom('decrease', 'restore', 'settle') }),
    { maxLength: 30 },
  );
  fc.assert(
    fc.property(fc.array(lines, { minLength: 5, maxLength: 5 }), happenings, (ordered, happened) => {
      const orders = ordered.map((order, number) => {
        const id = `01980000-0000-7000-8000-00000000000${number}`;
        const of = order.map(({ productId, quantity }) => ({
          productId,
          quantity,
          unitPrice: productId === 1 ? 300 : 700,
        }));
        const decreased = action('decrease-product-command', { orderId: id, items: of });
        const undo = compensation('restore-product-command', decreased);
        return { decrease: decreased, restore: undo, settle: processedOf(id, of) };
      });
      const messages = happened.flatMap(({ order, what }) => orders[order]?.[what] ?? []);
      const { changes } = fold(productParticipant, new Map(), stockOf([pen, ink]), messages, new Date());

      const quantityOf = (productId: number, status: Reservation['status']) =>
        changes.reservations
          .filter((reservation) => reservation.status === status)
          .flatMap((reservation) => reservation.items)
          .reduce((sum, item) => sum + (item.productId === productId ? item.quantity : 0), 0);
      for (const before of [pen, ink]) {
        const { productId } = before;
        const after = changes.products.find((product) => product.productId === productId) ?? before;
        expect(after.reserved - before.reserved).toBe(quantityOf(productId, 'RESERVED'));
        expect(after.sold - before.sold).toBe(quantityOf(productId, 'SETTLED'));
        expect(after.available + after.reserved + after.sold).toBe(before.available + before.reserved + before.sold);
        expect(after.available).toBeGreaterThanOrEqual(0);
      }
    }),
  );
});
