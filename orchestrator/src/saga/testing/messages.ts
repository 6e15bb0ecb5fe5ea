import type { CommandTopic } from '@saga/messages/commands';
import type { FactTopic } from '@saga/messages/facts';
import { failedFactId, finalFactId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Reason } from '@saga/messages/reasons';
import { factOf } from '@saga/messages/topics';
import type { Order } from '../definition.ts';
import type { Instant } from '../state.ts';

export const ORDER_ID = '01980000-0000-7000-8000-000000000001';
export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
export const NINE_O_CLOCK: Instant = Date.parse('2026-03-01T09:00:00.000Z');
export const PARTITION = 3;

/** Two pens for user 7, with a coupon, to be paid and delivered: every step of every definition has something to do. */
export const anOrder = (saga: string, changes: Partial<Order> = {}): Order => ({
  orderId: ORDER_ID,
  saga,
  userId: 7,
  items: [{ productId: 1, quantity: 2, unitPrice: 10_000 }],
  couponId: 100,
  totalAmount: 20_000,
  discountAmount: 1_000,
  finalAmount: 19_000,
  shipTo: { recipientName: 'Ada', address: 'Jeju 1', phone: '010' },
  ...changes,
});

const envelopeOf = (source: string, orderId: string, at: Instant) => ({
  source,
  time: new Date(at).toISOString(),
  subject: orderId,
  traceparent: TRACEPARENT,
});

/** @param announced how often: from the second time on the order service is not sure that it was heard. */
export const orderCreated = (order: Order, at: Instant, announced = 1): Message<'order-created'> => ({
  topic: 'order-created',
  key: order.orderId,
  envelope: {
    id: order.orderId,
    ...envelopeOf('/order', order.orderId, at),
    ...(announced > 1 && { attempt: announced }),
  },
  body: order,
});

export const cancelRequested = (
  orderId: string,
  request: string,
  reason: string | null,
  at: Instant,
): Message<'order-cancel-requested'> => ({
  topic: 'order-cancel-requested',
  key: orderId,
  envelope: { id: request, ...envelopeOf('/order', orderId, at) },
  body: { orderId, reason },
});

export type Outcome = { outcome: 'success' } | { outcome: 'rejected' | 'failed'; reason: Reason };

/** What a participant answers to this sending of a command. */
export function answerTo(command: Message<CommandTopic>, { ...answer }: Outcome, at: Instant): Message<FactTopic> {
  const { id, step, attempt } = command.envelope;
  return {
    topic: factOf[command.topic],
    key: command.key,
    envelope: {
      id: answer.outcome === 'failed' ? failedFactId(id, attempt ?? 1) : finalFactId(id),
      commandId: id,
      step,
      attempt,
      ...envelopeOf(`/${step}`, command.key, at),
    },
    body: { orderId: command.key, ...answer, ...(answer.outcome === 'success' && replyTo(command)) },
  } as Message<FactTopic>; // each reply below is its fact's
}

function replyTo({ topic, envelope, body }: Message<CommandTopic>): object {
  switch (topic) {
    case 'decrease-product-command':
      return { reservationId: envelope.id };
    case 'use-coupon-command':
      return { couponId: body.couponId, discountAmount: body.discountAmount };
    case 'deduct-balance-command':
      return { paymentId: envelope.id, amount: body.amount, balanceAfter: 0 };
    case 'create-delivery-command':
      return { deliveryId: envelope.id };
    default:
      return {};
  }
}
