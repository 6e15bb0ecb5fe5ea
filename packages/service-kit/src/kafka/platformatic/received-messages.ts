import { IS_CONTROL, type KafkaRecord, type RecordsBatch } from '@platformatic/kafka';
import type { ReceivedMessage } from '@saga/messages/codec';

/**
 * The records from an offset on, as the broker port knows them: the broker sends whole record batches, which may begin
 * before what was asked for. `next` is where to read on: beyond the last message, where the end was compacted away.
 */
export function receivedMessages(
  batches: readonly RecordsBatch[],
  { topic, partition, next: from }: { topic: string; partition: number; next: bigint },
): { messages: ReceivedMessage[]; next: bigint } {
  const messages: ReceivedMessage[] = [];
  let next = from;
  for (const { firstOffset, lastOffsetDelta, attributes, records } of batches) {
    next = firstOffset + BigInt(lastOffsetDelta) + 1n;
    // Marks of transactions; nobody here makes any.
    if (attributes & IS_CONTROL) continue;
    for (const record of records) {
      const offset = firstOffset + BigInt(record.offsetDelta);
      if (offset >= from) messages.push(received(record, topic, partition, offset));
    }
  }
  return { messages, next };
}

const received = (
  { key, headers, value }: KafkaRecord,
  topic: string,
  partition: number,
  offset: bigint,
): ReceivedMessage => ({
  topic,
  partition,
  offset: String(offset),
  key: key === null ? null : key.toString('utf8'),
  headers: textOf(headers),
  value,
});

/** Of a header that stands more than once the last one counts; Kafka allows one without a value. */
function textOf(headers: KafkaRecord['headers']): Record<string, string> {
  const text: Record<string, string> = {};
  for (const [name, value] of headers) {
    const key = name === null ? '' : name.toString('utf8');
    if (value === null) delete text[key];
    else text[key] = value.toString('utf8');
  }
  return text;
}
