import type { Kafka, KafkaJSProtocolError, TopicMessages } from 'kafkajs';
import type { OutgoingMessage } from '../../broker.ts';
import { partitionOf } from '../../partition-of.ts';
import { BrokerRefusal, type Producer } from '../kafka-client.ts';
import { ACKNOWLEDGE_TIMEOUT_MS, ACKNOWLEDGED_BY_ALL } from '../producer-settings.ts';
import { RETRY } from './client.ts';

/**
 * Not idempotent in Kafka's sense: kafkajs' idempotent producer can acknowledge what was never written
 * (tulios/kafkajs#1005), and whoever reads knows a doubled message by its id.
 */
export function createProducer(client: Kafka, topicPrefix: string): Producer {
  const producer = client.producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    retry: RETRY,
    createPartitioner:
      () =>
      ({ partitionMetadata, message }) =>
        partitionOf(String(message.key), partitionMetadata.length),
  });
  return {
    connect: () => producer.connect(),
    disconnect: () => producer.disconnect(),
    send: async (messages) => {
      const topicMessages = byTopic(messages, topicPrefix);
      try {
        await producer.sendBatch({ acks: ACKNOWLEDGED_BY_ALL, timeout: ACKNOWLEDGE_TIMEOUT_MS, topicMessages });
      } catch (error) {
        const said = error instanceof Error && isAnswer(error.cause) ? error.cause : error;
        throw isAnswer(said) ? new BrokerRefusal([said.type], { cause: said }) : error;
      }
    },
  };
}

/** By its name: Node finds no such export in kafkajs, which makes its exports at run time. */
const isAnswer = (error: unknown): error is KafkaJSProtocolError =>
  error instanceof Error && error.name === 'KafkaJSProtocolError';

function byTopic(messages: readonly OutgoingMessage[], prefix: string): TopicMessages[] {
  const topics = Map.groupBy(messages, ({ topic }) => topic);
  return [...topics].map(([topic, group]) => ({
    topic: prefix + topic,
    messages: group.map(({ key, headers, value }) => ({ key, headers, value })),
  }));
}
