import type { ReceivedMessage } from '@saga/messages/codec';
import type { IHeaders, KafkaMessage } from 'kafkajs';

/** A record as the broker port knows it. Of a header that stands more than once the last one counts. */
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
    const value = headers[name];
    const last = Array.isArray(value) ? value.at(-1) : value;
    // Kafka allows a header without a value.
    if (last !== undefined && last !== null) text[name] = last.toString('utf8');
  }
  return text;
}
