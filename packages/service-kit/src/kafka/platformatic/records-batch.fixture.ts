import type { KafkaRecord, RecordsBatch } from '@platformatic/kafka';

/** A record batch as it comes from a broker. Offsets that are not there were compacted away. */
export function recordsBatch(
  offsets: readonly number[],
  given: Partial<RecordsBatch & KafkaRecord> = {},
): RecordsBatch {
  const [first = 0] = offsets;
  const last = offsets.at(-1) ?? first;
  return {
    firstOffset: BigInt(first),
    length: 0,
    partitionLeaderEpoch: 0,
    magic: 2,
    crc: 0,
    attributes: 0,
    lastOffsetDelta: last - first,
    firstTimestamp: 0n,
    maxTimestamp: 0n,
    producerId: -1n,
    producerEpoch: -1,
    firstSequence: -1,
    records: offsets.map((offset) => ({
      length: 0,
      attributes: 0,
      timestampDelta: 0n,
      offsetDelta: offset - first,
      key: given.key ?? null,
      value: given.value ?? null,
      headers: given.headers ?? [],
    })),
    ...(given.attributes !== undefined && { attributes: given.attributes }),
    ...(given.lastOffsetDelta !== undefined && { lastOffsetDelta: given.lastOffsetDelta }),
  };
}
