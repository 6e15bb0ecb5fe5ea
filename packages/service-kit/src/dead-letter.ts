import type { ReceivedMessage } from '@saga/messages/codec';
import { deadLetterId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { traceparentOf } from '@saga/messages/traceparent';
import { type DeadDelivery, deadLetterReason } from './delivery.ts';

/** A dead letter is itself a message of less than 900,000 bytes, and base64 makes three bytes four. */
const MAX_VALUE_BYTES = 512 * 1_024;
const MAX_HEADERS_LENGTH = 16 * 1_024;
const MAX_KEY_LENGTH = 1_024;
const LEFT_OUT = '; too large to be kept here: its ';

/** Whether a dead letter's reason says that something of the message was left out: else what is not there never was. */
export const isLeftOut = (reason: string): boolean => reason.includes(LEFT_OUT);

/**
 * All that is needed to understand what could not be handled, and to send it again as it was. What is too large for a
 * message of its own is left out, and the reason says so: a dead letter that cannot be published would hold up its
 * partition for ever (trap 9).
 */
export function deadLetter(service: string, { received, reason }: DeadDelivery, now: Date): Message<'dead-letter'> {
  const { topic, partition, offset } = received;
  const id = deadLetterId(service, received);
  const { key, headers, value, leftOut } = fitting(received);
  const { code, message } = deadLetterReason(reason.code, reason.message);
  const omission = leftOut.length > 0 ? `${LEFT_OUT}${leftOut.join(', ')}` : '';
  return {
    topic: 'dead-letter',
    key: key || id,
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
      error: { code, message: storable(message) + omission },
      failedAt: now.toISOString(),
    },
  };
}

type Fitting = Pick<ReceivedMessage, 'key' | 'headers' | 'value'> & { leftOut: string[] };

function fitting({ key, headers, value }: ReceivedMessage): Fitting {
  const fits = {
    key: (key?.length ?? 0) <= MAX_KEY_LENGTH,
    headers: JSON.stringify(headers).length <= MAX_HEADERS_LENGTH,
    value: (value?.length ?? 0) <= MAX_VALUE_BYTES,
  };
  return {
    key: fits.key && key !== null ? storable(key) : null,
    headers: fits.headers
      ? Object.fromEntries(Object.entries(headers).map(([name, text]) => [storable(name), storable(text)]))
      : {},
    value: fits.value ? value : null,
    leftOut: Object.entries(fits).flatMap(([part, fitted]) => (fitted ? [] : [part])),
  };
}

/** PostgreSQL holds no U+0000: with one, the dead letter would become a dead letter, and that one too. */
const storable = (text: string): string => text.replaceAll('\u0000', '\uFFFD');
