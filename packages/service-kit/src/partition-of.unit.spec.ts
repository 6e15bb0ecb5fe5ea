import { Partitioners } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { partitionOf } from './partition-of.ts';

const TWO_TO_THE_31 = 0x80000000;
/** More partitions than a hash has values: the partition is the hash itself. */
const positiveHashOf = (key: string): number => partitionOf(key, TWO_TO_THE_31);

describe('the partition of a key', () => {
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])("the hash of %s is that of Kafka's own tests", (key, hash) => {
    expect(positiveHashOf(key)).toBe(hash & 0x7fffffff);
  });

  test('is where kafkajs would have put it, whatever the length and the alphabet', () => {
    const partition = Partitioners.DefaultPartitioner();
    const metadata = Array.from({ length: 12 }, (_, partitionId) => ({
      partitionErrorCode: 0,
      partitionId,
      leader: 1,
      replicas: [1],
      isr: [1],
    }));
    for (let length = 0; length < 60; length += 1) {
      const key = 'Bestellung-Ö-№-'.repeat(4).slice(0, length);
      expect(partitionOf(key, 12)).toBe(
        partition({ topic: 'any', partitionMetadata: metadata, message: { key, value: '' } }),
      );
    }
  });
});
