import type { Message } from '@saga/messages/message';
import { uuid } from '@saga/messages/values';
import { isLeftOut } from '@saga/service-kit/dead-letter';
import type { DeliveryHandler, Handled } from '@saga/service-kit/delivery';
import type { DeadLetterStore, NewDeadLetter } from './dead-letters.ts';

const NOTHING: Handled = { publish: [], dead: [], left: [] };

/**
 * Keeps the dead letters of all services beside what the handler does. They are stored first, in a statement of their
 * own: sagas that are held up do not hide them, and one that comes again changes nothing.
 *
 * There is no loop: a message on `dead-letter` that cannot be read becomes a dead letter itself, which the orchestrator
 * wrote and can read, and of one that can be read every part fits its column (trap 9).
 */
export function keepingDeadLetters(handler: DeliveryHandler, store: Pick<DeadLetterStore, 'keep'>): DeliveryHandler {
  return {
    ...handler,
    topics: [...handler.topics, 'dead-letter'],
    handle: async (deliveries) => {
      const letters = deliveries.flatMap(({ message }) =>
        message.topic === 'dead-letter' ? [deadLetterOf(message)] : [],
      );
      if (letters.length === 0) return handler.handle(deliveries);
      await store.keep(letters);
      const others = deliveries.filter(({ message }) => message.topic !== 'dead-letter');
      return others.length > 0 ? handler.handle(others) : NOTHING;
    },
  };
}

function deadLetterOf({ envelope, body }: Message<'dead-letter'>): NewDeadLetter {
  const { topic, partition, offset, key, headers, service, error, failedAt } = body;
  const value = body.value === null ? null : Buffer.from(body.value, 'base64');
  return {
    id: envelope.id,
    service,
    topic,
    partition,
    offset,
    key,
    headers,
    value,
    isWhole: !isLeftOut(error.message) && isText(key, headers),
    code: error.code,
    message: error.message,
    failedAt: new Date(failedAt),
    sagaId: uuidOf(key) ?? uuidOf(headers.ce_subject) ?? null,
    messageId: uuidOf(headers.ce_id) ?? null,
  };
}

/** What was no text can be told by its traces; at worst a whole message is read again. */
const isText = (key: string | null, headers: Readonly<Record<string, string>>): boolean =>
  ![key ?? '', ...Object.entries(headers).flat()].some(isReplaced);

const isReplaced = (text: string): boolean => text.includes('\uFFFD');

const uuidOf = (text: string | null | undefined): string | undefined => uuid.safeParse(text).data;
