import type { BatchHandler, Broker } from '@saga/service-kit/broker';
import type { DeliveryHandler } from '@saga/service-kit/delivery';

/** Complains where a batch is done with before all that it caused has been published. */
export function watchingOffsets(
  handler: DeliveryHandler,
  broker: Broker,
  complain: (complaint: string, detail: string) => void,
): { handler: DeliveryHandler; broker: Broker; before: (handle: BatchHandler) => BatchHandler } {
  let unpublished = 0;
  return {
    handler: {
      ...handler,
      handle: async (deliveries) => {
        const handled = await handler.handle(deliveries);
        unpublished += handled.publish.length;
        return handled;
      },
    },
    broker: {
      ...broker,
      publish: async (messages) => {
        await broker.publish(messages);
        unpublished -= messages.length;
      },
    },
    before: (handle) => async (batch) => {
      unpublished = 0;
      const left = await handle(batch);
      if (unpublished > 0) complain('offsets move after what was caused is published', `${unpublished} messages`);
      return left;
    },
  };
}
