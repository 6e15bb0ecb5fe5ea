import { deadLetterId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { traceparentOf } from '@saga/messages/traceparent';
import type { DeadDelivery } from './delivery.ts';

/** All that is needed to understand what could not be handled, and to send it again as it was. */
export function deadLetter(service: string, { received, reason }: DeadDelivery, now: Date): Message<'dead-letter'> {
  const { topic, partition, offset, key, headers, value } = received;
  const id = deadLetterId(service, received);
  return {
    topic: 'dead-letter',
    key: key ?? id,
    envelope: {
      id,
      source: `/${service}`,
      time: now.toISOString(),
      subject: key || id,
      traceparent: traceparentOf(headers.traceparent),
    },
    body: {
      topic,
      partition,
      offset,
      key,
      headers,
      value: value?.toString('base64') ?? null,
      service,
      error: reason,
      failedAt: now.toISOString(),
    },
  };
}
