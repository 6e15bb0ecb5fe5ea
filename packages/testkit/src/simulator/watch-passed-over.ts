import type { Registry } from '@saga/orchestrator/saga/registry';
import type { Saga } from '@saga/orchestrator/saga/state';
import type { DeliveryHandler } from '@saga/service-kit/delivery';
import type { SagaTables } from '../memory-stores/sagas.ts';

/**
 * Notes of which sagas a cancellation was passed over: it came after the end, to a replica that does not know their
 * definition (ADR 19).
 */
export const watchingPassedOver = (
  handler: DeliveryHandler,
  registry: Registry,
  { sagas }: Pick<SagaTables, 'sagas'>,
  note: (sagaId: string) => void,
): DeliveryHandler => ({
  ...handler,
  handle: async (deliveries) => {
    const handled = await handler.handle(deliveries);
    const left = new Set(handled.left.map(({ received }) => received));
    for (const { message, received } of deliveries) {
      if (message.topic !== 'order-cancel-requested' || left.has(received)) continue;
      const state = sagas.rows.get(message.key)?.state;
      const saga = state === undefined ? undefined : (JSON.parse(state) as Partial<Saga>);
      if (saga?.endedAt === undefined || !saga.definition) continue;
      if (!registry.find(saga.definition.name, saga.definition.version)) note(message.key);
    }
    return handled;
  },
});
