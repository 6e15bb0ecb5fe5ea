import { AsyncLocalStorage } from 'node:async_hooks';
import type { BatchHandler, Broker } from '@saga/service-kit/broker';
import type { DeliveryHandler } from '@saga/service-kit/delivery';

/** Complains where a batch is done with before all that it caused has been published. */
export function watchingOffsets(
  handler: DeliveryHandler,
  broker: Broker,
  complain: (complaint: string, detail: string) => void,
): { handler: DeliveryHandler; broker: Broker; before: (handle: BatchHandler) => BatchHandler } {
  /** Of each batch: several may be at work. */
  const batches = new AsyncLocalStorage<{ unpublished: number }>();
  const count = (messages: number): void => {
    const batch = batches.getStore();
    if (batch) batch.unpublished += messages;
  };
  return {
    handler: {
      ...handler,
      handle: async (deliveries) => {
        const handled = await handler.handle(deliveries);
        count(handled.publish.length);
        return handled;
      },
    },
    broker: {
      ...broker,
      publish: async (messages) => {
        await broker.publish(messages);
        count(-messages.length);
      },
    },
    before: (handle) => async (batch) => {
      const counted = { unpublished: 0 };
      const left = await batches.run(counted, () => handle(batch));
      const { unpublished } = counted;
      if (unpublished > 0) complain('offsets move after what was caused is published', `${unpublished} messages`);
      return left;
    },
  };
}
