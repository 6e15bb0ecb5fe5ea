import { Kafka, logLevel } from 'kafkajs';
import { inject } from 'vitest';

export type SeenMessage = { topic: string; key: string; headers: Record<string, string>; value: string };

const kafka = () => new Kafka({ clientId: 'e2e', brokers: [...inject('kafkaBrokers')], logLevel: logLevel.NOTHING });

/**
 * Reads Kafka itself, as an outsider would: every message with this key that stands in the installation's topics now
 * (or in those that are named, without their prefix).
 */
export async function readTopics(key: string, topics?: readonly string[]): Promise<SeenMessage[]> {
  const prefix = inject('topicPrefix');
  const client = kafka();
  const consumer = client.consumer({ groupId: `${prefix}e2e-${crypto.randomUUID()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    const ends = await endsOf(client, prefix, topics);
    const seen: SeenMessage[] = [];
    if (ends.size === 0) return seen;
    await consumer.subscribe({ topics: [...new Set([...ends.keys()].map(topicOf))], fromBeginning: true });
    await new Promise<void>((resolve) => {
      void consumer.run({
        eachBatch: async ({ batch }) => {
          for (const { key: itsKey, headers, value } of batch.messages)
            if (itsKey?.toString() === key)
              seen.push({
                topic: batch.topic.slice(prefix.length),
                key,
                headers: Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, String(text)])),
                value: value?.toString() ?? '',
              });
          const place = placeOf(batch.topic, batch.partition);
          if (BigInt(batch.lastOffset()) + 1n >= (ends.get(place) ?? 0n)) ends.delete(place);
          if (ends.size === 0) resolve();
        },
      });
    });
    return seen;
  } finally {
    await consumer.disconnect();
  }
}

/** Where each partition that is not empty ends now. */
async function endsOf(client: Kafka, prefix: string, topics?: readonly string[]): Promise<Map<string, bigint>> {
  const admin = client.admin();
  await admin.connect();
  try {
    const all = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix));
    const wanted = topics ? topics.map((topic) => `${prefix}${topic}`) : all;
    const ends = new Map<string, bigint>();
    for (const topic of wanted)
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic))
        if (high !== low) ends.set(placeOf(topic, partition), BigInt(high));
    return ends;
  } finally {
    await admin.disconnect();
  }
}

const placeOf = (topic: string, partition: number): string => `${topic}/${partition}`;
const topicOf = (place: string): string => place.slice(0, place.lastIndexOf('/'));

/** Puts anything at all on a topic. */
export async function publish(
  topic: string,
  message: { key: string; value: string; headers?: Record<string, string> },
): Promise<void> {
  const producer = kafka().producer();
  await producer.connect();
  await producer.send({ topic: `${inject('topicPrefix')}${topic}`, messages: [message] });
  await producer.disconnect();
}
