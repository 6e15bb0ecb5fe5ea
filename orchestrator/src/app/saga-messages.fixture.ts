import { failedFactId, finalFactId, newOrderId, newRequestId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { factOf, isCommandTopic } from '@saga/messages/topics';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const envelopeOf = (orderId: string, id: string) => ({
  id,
  source: '/test',
  time: new Date().toISOString(),
  subject: orderId,
  traceparent: TRACEPARENT,
});

/** What the order service announces. */
export function orderCreated(orderId = newOrderId(), saga = 'ship-order'): Message<'order-created'> {
  return {
    topic: 'order-created',
    key: orderId,
    envelope: envelopeOf(orderId, orderId),
    body: {
      orderId,
      saga,
      userId: 1,
      items: [{ productId: 1, quantity: 1, unitPrice: 100 }],
      couponId: null,
      totalAmount: 100,
      discountAmount: 0,
      finalAmount: 100,
      shipTo: null,
    },
  };
}

/** What a participant answers to a command. */
export function answer(command: Message | undefined, body: object): Message {
  if (!command || !isCommandTopic(command.topic)) throw new Error('there is no command to answer');
  const { key, envelope } = command;
  const failed = 'outcome' in body && body.outcome === 'failed';
  return {
    topic: factOf[command.topic],
    key,
    envelope: {
      ...envelopeOf(key, failed ? failedFactId(envelope.id, envelope.attempt ?? 1) : finalFactId(envelope.id)),
      commandId: envelope.id,
      step: envelope.step,
      attempt: envelope.attempt,
    },
    body: { orderId: key, ...body },
  } as Message;
}

export const success = (command: Message | undefined) =>
  answer(command, { outcome: 'success', reservationId: command?.envelope.id, deliveryId: command?.envelope.id });
export const rejected = (command: Message | undefined) =>
  answer(command, { outcome: 'rejected', reason: { code: 'OUT_OF_STOCK', message: 'none left' } });

export const cancelRequest = (orderId: string): Message<'order-cancel-requested'> => ({
  topic: 'order-cancel-requested',
  key: orderId,
  envelope: envelopeOf(orderId, newRequestId()),
  body: { orderId, reason: null },
});
