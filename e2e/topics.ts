import { type Admin, type IHeaders, Kafka, type KafkaMessage, logLevel } from 'kafkajs';
import { inject } from 'vitest';

/** Where an installation's messages are. */
export type Messaging = { kafkaBrokers: readonly string[]; topicPrefix: string };

/** A message as it stands in Kafka; its topic without the prefix. */
export type StoredMessage = Pick<KafkaMessage, 'key' | 'value' | 'offset'> & {
  topic: string;
  partition: number;
  headers: IHeaders;
};

export type SeenMessage = { topic: string; key: string; headers: Record<string, string>; value: string };

export const kafkaOf = ({ kafkaBrokers }: Messaging): Kafka =>
  new Kafka({ clientId: 'e2e', brokers: [...kafkaBrokers], logLevel: logLevel.NOTHING });

export async function withAdmin<Result>(
  messaging: Messaging,
  work: (admin: Admin) => Promise<Result>,
): Promise<Result> {
  const admin = kafkaOf(messaging).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

const shared = (): Messaging => ({ kafkaBrokers: inject('kafkaBrokers'), topicPrefix: inject('topicPrefix') });

/**
 * Reads Kafka itself, as an outsider would: every message with this key that stands in the topics of the shared
 * installation now (or in those that are named, without their prefix).
 */
export async function readTopics(key: string, topics?: readonly string[]): Promise<SeenMessage[]> {
  const messages = await storedMessages(shared(), topics);
  return messages
    .filter((message) => message.key?.toString() === key)
    .map(({ topic, headers, value }) => ({
      topic,
      key,
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)])),
      value: value?.toString() ?? '',
    }));
}

/** Everything that stands in an installation's topics now, in order within each partition. */
export async function storedMessages(messaging: Messaging, topics?: readonly string[]): Promise<StoredMessage[]> {
  const { topicPrefix } = messaging;
  const consumer = kafkaOf(messaging).consumer({
    groupId: `${topicPrefix}e2e-${crypto.randomUUID()}`,
    maxWaitTimeInMs: 100,
  });
  await consumer.connect();
  try {
    const ends = await endsOf(messaging, topics);
    const stored: StoredMessage[] = [];
    if (ends.size === 0) return stored;
    await consumer.subscribe({ topics: [...new Set([...ends.keys()].map(topicOf))], fromBeginning: true });
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachBatch: async ({ batch }) => {
          const { topic, partition } = batch;
          const place = placeOf(topic, partition);
          const end = ends.get(place) ?? 0n;
          for (const { key, value, offset, headers = {} } of batch.messages)
            if (BigInt(offset) < end)
              stored.push({ topic: topic.slice(topicPrefix.length), partition, key, value, offset, headers });
          if (BigInt(batch.lastOffset()) + 1n >= end) ends.delete(place);
          if (ends.size === 0) resolve();
        },
      });
    });
    return stored;
  } finally {
    await consumer.disconnect();
  }
}

/** Where each partition that is not empty ends now. */
const endsOf = (messaging: Messaging, topics?: readonly string[]): Promise<Map<string, bigint>> =>
  withAdmin(messaging, async (admin) => {
    const all = (await admin.listTopics()).filter((topic) => topic.startsWith(messaging.topicPrefix));
    const wanted = topics ? topics.map((topic) => `${messaging.topicPrefix}${topic}`) : all;
    const ends = new Map<string, bigint>();
    for (const topic of wanted)
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
        if (high !== low) ends.set(placeOf(topic, partition), BigInt(high));
    return ends;
  });

const placeOf = (topic: string, partition: number): string => `${topic}/${partition}`;
const topicOf = (place: string): string => place.slice(0, place.lastIndexOf('/'));

/** Puts anything at all on a topic of the shared installation. */
export async function publish(
  topic: string,
  message: { key: string; value: string; headers?: Record<string, string> },
): Promise<void> {
  const { topicPrefix } = shared();
  const producer = kafkaOf(shared()).producer();
  await producer.connect();
  await producer.send({ topic: `${topicPrefix}${topic}`, messages: [message] });
  await producer.disconnect();
}
