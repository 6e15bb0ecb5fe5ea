/**
 * The partition number of a key, the same in every topic with as many partitions: positive murmur2 of its UTF-8 bytes,
 * as Kafka's own Java clients compute it, so that any client finds a saga's messages in the same place.
 */
export const partitionOf = (key: string, partitions: number): number => hashOf(key) % partitions;

/** Before the modulo. */
export const hashOf = (key: string): number => murmur2(Buffer.from(key, 'utf8')) & POSITIVE;

const POSITIVE = 0x7fffffff;
const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const ROTATION = 24;

/** Kafka's org.apache.kafka.common.utils.Utils.murmur2, in 32-bit integers (kafkajs' own does it in BigInt, slowly). */
function murmur2(bytes: Buffer): number {
  const tail = bytes.length & ~3;
  let hash = SEED ^ bytes.length;
  for (let at = 0; at < tail; at += 4) {
    let word = Math.imul(bytes.readInt32LE(at), MULTIPLIER);
    word ^= word >>> ROTATION;
    hash = Math.imul(hash, MULTIPLIER) ^ Math.imul(word, MULTIPLIER);
  }
  const rest = bytes.length - tail;
  if (rest > 0) hash = Math.imul(hash ^ bytes.readUIntLE(tail, rest), MULTIPLIER);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}
