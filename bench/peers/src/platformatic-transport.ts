import {
  Consumer,
  MessagesStreamModes,
  ProduceAcks,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka';
import { type Arrived, inLanes, MAX_BATCH, type Transport, type TransportOptions } from '../../src/floor/transport.ts';

const MAX_WAIT_MS = 500;
const COMMIT_EVERY_MS = 1_000;
const SESSION_TIMEOUT_MS = 8_000;
const HEARTBEAT_INTERVAL_MS = 3_000;
const HIGH_WATER_MARK = 1_024;

type Offset = { topic: string; partition: number; offset: bigint; leaderEpoch: number };

/** @platformatic/kafka alone: what another client than kafkajs would give. */
export async function platformaticTransport(options: TransportOptions): Promise<Transport> {
  const { brokers, clientId, topicPrefix } = options;
  const common = { clientId, bootstrapBrokers: [...brokers] };
  const producer = new Producer({ ...common, serializers: stringSerializers, acks: ProduceAcks.ALL });
  const closing: (() => Promise<unknown>)[] = [() => producer.close()];
  return {
    publish: async (messages) => {
      if (messages.length === 0) return;
      await producer.send({
        messages: messages.map(({ topic, ...message }) => ({ topic: topicPrefix + topic, ...message })),
      });
    },
    consume: async ({ group, topics, lanes }, handle) => {
      const consumer = new Consumer({
        ...common,
        groupId: topicPrefix + group,
        deserializers: stringDeserializers,
        autocommit: false,
        sessionTimeout: SESSION_TIMEOUT_MS,
        heartbeatInterval: HEARTBEAT_INTERVAL_MS,
        maxWaitTime: MAX_WAIT_MS,
        highWaterMark: HIGH_WATER_MARK,
      });
      const stream = await consumer.consume({
        topics: topics.map((topic) => topicPrefix + topic),
        mode: MessagesStreamModes.COMMITTED,
        fallbackMode: 'earliest',
      });
      const handled = new Map<string, Offset>();
      const committing = setInterval(() => {
        const offsets = [...handled.values()];
        handled.clear();
        if (offsets.length > 0) consumer.commit({ offsets }).catch(() => undefined); // they come again
      }, COMMIT_EVERY_MS);
      closing.unshift(async () => {
        clearInterval(committing);
        await stream.close();
        await consumer.close();
      });
      let waiting: (Arrived & Offset)[] = [];
      let working = false;
      const work = async (): Promise<void> => {
        working = true;
        while (waiting.length > 0) {
          const batch = waiting.slice(0, lanes * MAX_BATCH);
          waiting = waiting.slice(lanes * MAX_BATCH);
          const arrived = batch.map(({ topic, key }) => ({ topic: topic.slice(topicPrefix.length), key }));
          await inLanes(lanes, arrived, handle);
          for (const { topic, partition, offset, leaderEpoch } of batch)
            handled.set(`${topic}/${partition}`, { topic, partition, offset: offset + 1n, leaderEpoch });
        }
        working = false;
      };
      stream.on('data', ({ topic, key, partition, offset, leaderEpoch }) => {
        waiting.push({ topic, key, partition, offset, leaderEpoch });
        if (!working) {
          working = true;
          setImmediate(work);
        }
      });
    },
    close: async () => {
      for (const close of closing) await close();
    },
  };
}
