import { commandId, orderActionId, stateChangeId } from '@saga/messages/ids';
import type { Envelope, Message } from '@saga/messages/message';
import type { Failure } from '@saga/messages/reasons';
import type { Body } from '@saga/messages/topics';

/** What the orchestrator and the other services send to the order service. */

export const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
export const PAYMENT = '0190bbbb-bbbb-7bbb-8bbb-bbbbbbbbbbbb';
export const NO_MONEY: Failure = { step: 'balance', code: 'INSUFFICIENT_BALANCE', message: 'too little' };

const envelope = (id: string, subject: string, source: string): Envelope => ({
  id,
  source,
  time: new Date().toISOString(),
  subject,
  traceparent: TRACEPARENT,
});

const command = (id: string, step: string, orderId: string): Envelope => ({
  ...envelope(id, orderId, '/orchestrator'),
  commandId: id,
  step,
  attempt: 1,
});

export const completeOrder = (orderId: string, generation = 0): Message<'complete-order-command'> => ({
  topic: 'complete-order-command',
  key: orderId,
  envelope: command(commandId(orderId, 'complete', 'action', generation), 'complete', orderId),
  body: { orderId, paymentId: PAYMENT, deliveryId: null },
});

export const cancelOrder = (orderId: string, reason = NO_MONEY): Message<'cancel-order-command'> => ({
  topic: 'cancel-order-command',
  key: orderId,
  envelope: {
    ...command(commandId(orderId, 'order', 'compensation', 0), 'order', orderId),
    actionId: orderActionId(orderId),
  },
  body: { orderId, reason },
});

export const productChanged = (productId: number, price: number, version = 1): Message<'product-changed'> => ({
  ...state('product-changed', productId, version, '/product'),
  body: { productId, name: `product ${productId}`, price, version },
});

export const accountChanged = (userId: number, publicId: string, version = 1): Message<'account-changed'> => ({
  ...state('account-changed', userId, version, '/balance'),
  body: { userId, publicId, version },
});

export const couponChanged = (
  couponId: number,
  { userId = 1, discountAmount = 1_000 }: Partial<Body<'coupon-changed'>> = {},
  version = 1,
): Message<'coupon-changed'> => ({
  ...state('coupon-changed', couponId, version, '/coupon'),
  body: { couponId, userId, discountAmount, expiresAt: null, version },
});

function state<T extends string>(topic: T, id: number, version: number, source: string) {
  const key = String(id);
  return { topic, key, envelope: envelope(stateChangeId(topic, key, version), key, source) };
}
