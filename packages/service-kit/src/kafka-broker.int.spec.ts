import { randomUUID } from 'node:crypto';
import { Kafka } from 'kafkajs';
import pino from 'pino';
import { brokerContract } from './broker-contract.ts';
import { kafkaBroker } from './kafka-broker.ts';

const PARTITIONS = 4;
const brokers = (process.env.KAFKA_BROKERS ?? '').split(',');

brokerContract('Kafka', async () => {
  const topicPrefix = `${randomUUID()}-`;
  const plain = new Kafka({ brokers });
  const producer = plain.producer();
  await producer.connect();
  return {
    connect: () =>
      kafkaBroker({
        brokers,
        clientId: 'contract',
        topicPrefix,
        partitions: PARTITIONS,
        ssl: false,
        logger: pino({ level: process.env.LOG_LEVEL ?? 'silent' }),
      }),
    partitions: PARTITIONS,
    publishRaw: async (topic, { key, headers, value }) => {
      await producer.send({ topic: topicPrefix + topic, messages: [{ key, headers, value }] });
    },
    close: () => producer.disconnect(),
  };
});
