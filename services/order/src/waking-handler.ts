import type { Message } from '@saga/messages/message';
import type { DeliveryHandler } from '@saga/service-kit/delivery';
import type { OrderWaiters } from './order-waiters.ts';

/** Wakes those who wait for an order as soon as this replica has committed its end. */
export const wakingHandler = (handler: DeliveryHandler, waiters: OrderWaiters): DeliveryHandler => ({
  ...handler,
  handle: async (deliveries) => {
    const handled = await handler.handle(deliveries);
    waiters.wake(handled.publish.filter(endsOrder).map((message) => message.key));
    return handled;
  },
});

const endsOrder = ({ topic, body }: Message): boolean =>
  (topic === 'order-completed' || topic === 'order-cancelled') && body.outcome === 'success';
