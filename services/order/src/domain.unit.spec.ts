import { orderActionId, processedId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { fold } from '@saga/service-kit/fold';
import { describe, expect, it } from 'vitest';
import { cancel, complete, type Order, type OrderTables } from './domain.ts';
import { orderParticipant } from './participant.ts';

const ORDER = '0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa';
const PAYMENT = '0190bbbb-bbbb-7bbb-8bbb-bbbbbbbbbbbb';
const NOW = new Date('2026-01-01T00:01:00Z');
const REASON = { step: 'balance', code: 'INSUFFICIENT_BALANCE', message: 'too little' };

const pending: Order = {
  orderId: ORDER,
  saga: 'place-order',
  userId: 1,
  items: [{ productId: 1, quantity: 2, unitPrice: 500 }],
  couponId: 100,
  totalAmount: 1_000,
  discountAmount: 100,
  finalAmount: 900,
  shipTo: null,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  createdAt: new Date('2026-01-01T00:00:00Z'),
  status: 'PENDING',
};
const completed: Order = { ...pending, status: 'COMPLETED', paymentId: PAYMENT, deliveryId: null, endedAt: NOW };
const cancelled: Order = { ...pending, status: 'CANCELLED', cancelReason: REASON, endedAt: NOW };

const rows = (...orders: Order[]) => ({
  orders: new Map(orders.map((order) => [order.orderId, order])),
  products: new Map(),
  accounts: new Map(),
  coupons: new Map(),
});

const envelope = (id: string) => ({
  id,
  commandId: id,
  source: '/orchestrator',
  time: NOW.toISOString(),
  subject: ORDER,
  traceparent: pending.traceparent,
});

const completeCommand: Message<'complete-order-command'> = {
  topic: 'complete-order-command',
  key: ORDER,
  envelope: { ...envelope('0190cccc-cccc-7ccc-8ccc-cccccccccccc'), step: 'complete' },
  body: { orderId: ORDER, paymentId: PAYMENT, deliveryId: null },
};
const cancelCommand: Message<'cancel-order-command'> = {
  topic: 'cancel-order-command',
  key: ORDER,
  envelope: { ...envelope('0190dddd-dddd-7ddd-8ddd-dddddddddddd'), step: 'order', actionId: orderActionId(ORDER) },
  body: { orderId: ORDER, reason: REASON },
};
const created = new Map([[orderActionId(ORDER), { replies: [] }]]);

describe('completing an order', () => {
  it('ends it and tells the outside', () => {
    expect(complete(rows(pending), completeCommand, NOW)).toEqual({
      outcome: 'success',
      reply: {},
      changes: { orders: [completed] },
      announce: [
        {
          topic: 'order-processed',
          id: processedId(ORDER),
          body: {
            orderId: ORDER,
            saga: 'place-order',
            userId: 1,
            items: [{ productId: 1, quantity: 2, unitPrice: 500 }],
            couponId: 100,
            totalAmount: 1_000,
            discountAmount: 100,
            finalAmount: 900,
            paymentId: PAYMENT,
            deliveryId: null,
            completedAt: NOW.toISOString(),
          },
        },
      ],
    });
  });

  it('is refused once it is cancelled (trap 29)', () => {
    expect(complete(rows(cancelled), completeCommand, NOW)).toMatchObject({
      outcome: 'rejected',
      reason: { code: 'FENCED', message: 'the order was cancelled before' },
    });
  });

  it('changes nothing when it is complete already', () => {
    expect(complete(rows(completed), completeCommand, NOW)).toEqual({ outcome: 'success', reply: {}, changes: {} });
  });

  it('of which nothing is known is a bug that must be seen', () => {
    expect(() => complete(rows(), completeCommand, NOW)).toThrow(`there is no order ${ORDER}`);
  });
});

describe('cancelling an order', () => {
  it('ends it with the reason', () => {
    expect(cancel(rows(pending), cancelCommand, NOW)).toEqual({ orders: [cancelled] });
  });

  it.each([
    ['is cancelled already', rows(cancelled)],
    ['was never placed', rows()],
  ])('has nothing to undo when it %s', (_case, orders) => {
    expect(cancel(orders, cancelCommand, NOW)).toBe('nothing');
  });

  it('that is complete is a bug that must be seen (trap 29)', () => {
    expect(() => cancel(rows(completed), cancelCommand, NOW)).toThrow('is completed and cannot be cancelled');
  });

  it('undoes nothing but its creation', () => {
    const other = { ...cancelCommand, envelope: { ...cancelCommand.envelope, actionId: PAYMENT } };
    expect(() => cancel(rows(pending), other, NOW)).toThrow('is not the creation of order');
  });
});

describe('completing and cancelling in one batch', () => {
  it('lets only the first take effect (trap 24, trap 29)', () => {
    const { changes, publish } = fold<OrderTables>(
      orderParticipant,
      created,
      rows(pending),
      [cancelCommand, completeCommand],
      NOW,
    );
    expect(changes.orders).toEqual([cancelled]);
    expect(publish.map(({ topic, body }) => [topic, 'outcome' in body && body.outcome])).toEqual([
      ['order-cancelled', 'success'],
      ['order-completed', 'rejected'],
    ]);
  });

  it('completes once, however often it is asked to', () => {
    const { changes, publish } = fold<OrderTables>(
      orderParticipant,
      created,
      rows(pending),
      [completeCommand, completeCommand],
      NOW,
    );
    expect(changes.orders).toEqual([completed]);
    expect(publish.map(({ topic }) => topic)).toEqual([
      'order-completed',
      'order-processed',
      'order-completed',
      'order-processed',
    ]);
  });
});
