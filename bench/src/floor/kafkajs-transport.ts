import { kafkaClients } from '@saga/service-kit/kafka/kafkajs/client';
import { type NextOffset, offsetCommitter } from '@saga/service-kit/kafka/offset-committer';
import { naturalBatch } from '@saga/service-kit/natural-batch';
import { partitionOf } from '@saga/service-kit/partition-of';
import type { TopicMessages } from 'kafkajs';
import pino from 'pino';
import {
  type Arrived,
  type FloorMessage,
  inLanes,
  MAX_BATCH,
  type Transport,
  type TransportOptions,
} from './transport.ts';

const MAX_CALLS = 1_000;
const MAX_WAIT_MS = 500;
const ACKNOWLEDGED_BY_ALL = -1;

/** kafkajs alone, with its own consumer loop; its client is set up as our adapter's is (no Nagle, same time limits). */
export async function kafkajsTransport(options: TransportOptions): Promise<Transport> {
  const { brokers, clientId, topicPrefix, partitions } = options;
  const createClient = kafkaClients({ brokers, clientId, ssl: false, logger: pino({ level: 'warn' }) });
  const producer = createClient().producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    // The same function as its own, which computes it in BigInt.
    createPartitioner:
      () =>
      ({ partitionMetadata, message }) =>
        partitionOf(String(message.key), partitionMetadata.length),
  });
  await producer.connect();
  const closing: (() => Promise<void>)[] = [() => producer.disconnect()];
  const sends = naturalBatch<readonly FloorMessage[], void>({
    maxBatch: MAX_CALLS,
    work: async (calls) => {
      const topics = Map.groupBy(calls.flat(), ({ topic }) => topic);
      const topicMessages: TopicMessages[] = [...topics].map(([topic, messages]) => ({
        topic: topicPrefix + topic,
        messages,
      }));
      await producer.sendBatch({ acks: ACKNOWLEDGED_BY_ALL, topicMessages });
      return calls.map(() => undefined);
    },
  });

  return {
    publish: async (messages) => {
      if (messages.length > 0) await sends.submit(messages);
    },
    consume: async ({ group, topics, lanes }, handle) => {
      const consumer = createClient().consumer({ groupId: topicPrefix + group, maxWaitTimeInMs: MAX_WAIT_MS });
      closing.unshift(() => consumer.disconnect());
      const batches = naturalBatch<Arrived, void>({
        maxBatch: lanes * MAX_BATCH,
        work: async (batch) => {
          await inLanes(lanes, batch, handle);
          return batch.map(() => undefined);
        },
      });
      await consumer.connect();
      await consumer.subscribe({ topics: topics.map((topic) => topicPrefix + topic), fromBeginning: true });
      const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
      // As seldom as ours. kafkajs' own commits come after every partition of every fetch, whatever their interval.
      const commit = (offsets: NextOffset[]) => consumer.commitOffsets(offsets);
      const committer = offsetCommitter({ commit, onFailed: () => {} }); // what is not committed comes again
      await consumer.run({
        autoCommit: false,
        partitionsConsumedConcurrently: topics.length * partitions,
        eachBatch: async ({ batch }) => {
          const { topic, partition, messages } = batch;
          const unprefixed = topic.slice(topicPrefix.length);
          await Promise.all(messages.map(({ key }) => batches.submit({ topic: unprefixed, key: String(key) })));
          committer.note({ topic, partition, offset: String(BigInt(batch.lastOffset()) + 1n) });
        },
      });
      await joined;
    },
    close: async () => {
      for (const close of closing) await close();
    },
  };
}
