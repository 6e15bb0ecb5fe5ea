import { type MessageToProduce, Producer as PlatformaticProducer } from '@platformatic/kafka';
import type { OutgoingMessage } from '../../broker.ts';
import { hashOf } from '../../partition-of.ts';
import { BrokerRefusal, type KafkaClientOptions, type Producer } from '../kafka-client.ts';
import { ACKNOWLEDGE_TIMEOUT_MS, ACKNOWLEDGED_BY_ALL } from '../producer-settings.ts';
import { connectionSettings, hearingEveryError } from './connection-settings.ts';
import { brokerErrors, reasonOf } from './faults.ts';

const RETRIES = 3;

/** Not idempotent in Kafka's sense, as with kafkajs: whoever reads knows a doubled message by its id. */
export function createProducer(options: KafkaClientOptions, topicPrefix: string): Producer {
  const producer = hearingEveryError(
    new PlatformaticProducer({
      ...connectionSettings(options),
      acks: ACKNOWLEDGED_BY_ALL,
      timeout: ACKNOWLEDGE_TIMEOUT_MS,
      retries: RETRIES,
    }),
  );
  return {
    /** It does so when first used. */
    connect: async () => {},
    disconnect: () => producer.close(),
    send: async (messages) => {
      try {
        await producer.send({
          acks: ACKNOWLEDGED_BY_ALL,
          messages: messages.map((message) => toProduce(message, topicPrefix)),
        });
      } catch (error) {
        const errors = brokerErrors(error);
        throw errors.length > 0
          ? new BrokerRefusal(errors, { cause: error })
          : new Error(reasonOf(error), { cause: error });
      }
    },
  };
}

type Bytes = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

function toProduce({ topic, key, headers, value }: OutgoingMessage, topicPrefix: string): Bytes {
  const fields = new Map<Buffer, Buffer>();
  for (const name of Object.keys(headers)) fields.set(Buffer.from(name), bytesOf(headers[name] ?? ''));
  return {
    topic: topicPrefix + topic,
    key: Buffer.from(key),
    value: bytesOf(value),
    headers: fields,
    // The library takes it modulo the topic's partitions.
    partition: hashOf(key),
  };
}

const bytesOf = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text) : text);
