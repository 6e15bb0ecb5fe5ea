import type { Broker, Consumer } from './broker.ts';
import { messageOf } from './faults.ts';
import type { ConnectClient, KafkaClientOptions } from './kafka/kafka-client.ts';
import { kafkaClients } from './kafka/kafkajs/client.ts';
import { createTopics } from './kafka/kafkajs/create-topics.ts';
import { kafkajsClient } from './kafka/kafkajs/kafkajs-client.ts';
import { lagOf } from './kafka/kafkajs/lag-of.ts';
import { readRecord } from './kafka/kafkajs/read-record.ts';
import { keepConsuming } from './kafka/keep-consuming.ts';
import { lazyConnection } from './kafka/lazy-connection.ts';
import { createPublisher } from './kafka/publisher.ts';
import { sharedAnswer } from './shared-answer.ts';
import { within } from './within.ts';

export type KafkaBrokerOptions = KafkaClientOptions & {
  /** Stands before every topic and consumer group. */
  topicPrefix: string;
  /** Of every topic: the same number, so that a key has the same partition number everywhere. */
  partitions: number;
  /** What publishes and consumes; what is rare (topics, lag, reading one record again) always goes through kafkajs. */
  connectClient?: ConnectClient;
};

const LAG_LIMIT_MS = 10_000;
const CHECK_LIMIT_MS = 3_000;
/** Probes come from several sides: within this time they share one answer. */
const CHECK_HOLDS_MS = 1_000;

/** The {@link Broker} on Apache Kafka. It connects when first used and, whatever happens to Kafka, comes back by itself. */
export function kafkaBroker(options: KafkaBrokerOptions): Broker {
  const { brokers, clientId, topicPrefix, partitions, logger, connectClient = kafkajsClient } = options;
  const client = connectClient(options);
  const createClient = kafkaClients(options);
  const publisher = createPublisher(() => client.producer(topicPrefix));
  const administration = lazyConnection(() => createClient().admin());
  const consumers = new Set<Consumer>();
  const prefixed = (name: string): string => topicPrefix + name;
  const unprefixed = (name: string): string => name.slice(topicPrefix.length);

  async function reach(): Promise<void> {
    try {
      await within(
        CHECK_LIMIT_MS,
        'an answer',
        administration.use((admin) => admin.describeCluster()),
      );
    } catch (error) {
      throw new Error(`Kafka cannot be reached at ${brokers.join(', ')}: ${messageOf(error)}`, { cause: error });
    }
  }

  return {
    createTopics: (topics) => {
      const named = topics.map((topic) => ({ ...topic, name: prefixed(topic.name) }));
      return administration.use((admin) => createTopics(admin, { topics: named, partitions, logger }));
    },
    publish: (messages) => publisher.publish(messages),
    consume: async ({ group, topics, maxBatch, lanes = 1 }, handle) => {
      const kept = keepConsuming({
        client,
        group: prefixed(group),
        topics: topics.map(prefixed),
        unprefixed,
        partitions,
        maxBatch,
        lanes,
        handle,
        logger,
      });
      const consumer: Consumer = {
        stop: async () => {
          await kept.stop();
          consumers.delete(consumer);
        },
      };
      consumers.add(consumer);
      return consumer;
    },
    read: (place) =>
      readRecord({ createClient, administration }, { ...place, topic: prefixed(place.topic) }, prefixed(clientId)),
    lag: (group, topics) =>
      within(
        LAG_LIMIT_MS,
        'reading the lag',
        administration.use((admin) => lagOf(admin, prefixed(group), topics.map(prefixed))),
      ),
    check: sharedAnswer(reach, CHECK_HOLDS_MS),
    close: async () => {
      await Promise.all([...consumers].map((consumer) => consumer.stop()));
      await Promise.all([publisher.close(), administration.close()]);
    },
  };
}
