import { isCommandTopic } from '@saga/messages/topics';
import { runsOf, type Saga } from '@saga/orchestrator/saga/state';
import type { DeliveryHandler } from '@saga/service-kit/delivery';
import type { SagaTables } from '../memory-stores/sagas.ts';

/** Complains where a command goes out although it was answered before the batch that sends it was even taken (trap 27). */
export const watchingResends = (
  handler: DeliveryHandler,
  { sagas }: Pick<SagaTables, 'sagas'>,
  complain: (complaint: string, detail: string) => void,
): DeliveryHandler => ({
  ...handler,
  handle: async (deliveries) => {
    const before = new Map(deliveries.map(({ message }) => [message.key, sagas.rows.get(message.key)?.state]));
    const handled = await handler.handle(deliveries);
    for (const { topic, key, envelope } of handled.publish) {
      const state = before.get(key);
      // Most commands are new: the state of before does not know them.
      if (!isCommandTopic(topic) || !state?.includes(envelope.id)) continue;
      if (isAnswered(JSON.parse(state) as Saga, envelope.id))
        complain('only unanswered commands go out again', `${key} ${topic} ${envelope.id}`);
    }
    return handled;
  },
});

const isAnswered = (saga: Saga, commandId: string): boolean =>
  Object.values(saga.steps ?? {}).some((step) =>
    runsOf(step).some(({ action, compensation }) =>
      [action, compensation].some((command) => command?.commandId === commandId && command.answer !== undefined),
    ),
  );
