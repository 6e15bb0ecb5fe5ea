import type { ReceivedMessage } from '@saga/messages/codec';
import type { IHeaders, KafkaMessage } from 'kafkajs';

/** A record as the broker port knows it. */
export const receivedMessage = (topic: string, partition: number, record: KafkaMessage): ReceivedMessage => ({
  topic,
  partition,
  offset: record.offset,
  key: record.key === null ? null : record.key.toString('utf8'),
  headers: record.headers === undefined ? {} : textOf(record.headers),
  value: record.value,
});

function textOf(headers: IHeaders): Record<string, string> {
  const text: Record<string, string> = {};
  for (const name of Object.keys(headers)) {
    const value = lastOf(headers[name]);
    if (value !== undefined) text[name] = value.toString('utf8');
  }
  return text;
}

/** Of a header that stands more than once the last one counts; Kafka allows one without a value. */
export function lastOf(header: IHeaders[string]): Buffer | string | undefined {
  const last = Array.isArray(header) ? header.at(-1) : header;
  return last ?? undefined;
}
