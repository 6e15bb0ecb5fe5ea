import { newRequestId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Outbox } from '@saga/service-kit/outbox';
import { conflict, notFound } from '@saga/service-kit/problem';
import type { Order } from './domain.ts';
import { findOrder } from './order-queries.ts';

/**
 * Asks the orchestrator to cancel an order; whether that still can be is for the saga to decide, and seen on the order.
 *
 * @throws Problem 404 where there is no such order, 409 where it has ended.
 */
export const requestCancellation = (
  outbox: Outbox,
  orderId: string,
  reason: string | null,
  find: typeof findOrder = findOrder,
): Promise<Order> =>
  outbox.transaction(async (sql) => {
    const order = await find(sql, orderId);
    if (!order) throw notFound(`there is no order ${orderId}`);
    if (order.status !== 'PENDING') throw conflict('ORDER_ENDED', `the order is ${order.status}`);
    return { result: order, messages: [cancelRequested(order, reason)] };
  });

const cancelRequested = (order: Order, reason: string | null): Message<'order-cancel-requested'> => ({
  topic: 'order-cancel-requested',
  key: order.orderId,
  envelope: {
    id: newRequestId(),
    source: '/order',
    time: new Date().toISOString(),
    subject: order.orderId,
    traceparent: order.traceparent,
  },
  body: { orderId: order.orderId, reason },
});
