import type { Message } from '@saga/messages/message';
import type { OrderTerms } from './domain.ts';

/**
 * Announces an order to the orchestrator. Announced again it is the same message, but for the header that counts; the
 * first announcement carries none.
 */
export const orderCreated = (order: OrderTerms, announcement: number): Message<'order-created'> => ({
  topic: 'order-created',
  key: order.orderId,
  envelope: {
    id: order.orderId,
    source: '/order',
    time: order.createdAt.toISOString(),
    subject: order.orderId,
    traceparent: order.traceparent,
    attempt: announcement > 1 ? announcement : undefined,
  },
  body: {
    orderId: order.orderId,
    saga: order.saga,
    userId: order.userId,
    items: [...order.items],
    couponId: order.couponId,
    totalAmount: order.totalAmount,
    discountAmount: order.discountAmount,
    finalAmount: order.finalAmount,
    shipTo: order.shipTo,
  },
});
