import type { ConnectClient } from '@saga/service-kit/kafka/kafka-client';
import { kafkaBroker } from '@saga/service-kit/kafka-broker';
import pino from 'pino';
import { MAX_BATCH, type Transport, type TransportOptions } from './transport.ts';

/** Our own adapter of the broker port, on one of its client libraries. */
export async function adapterTransport(options: TransportOptions, connectClient: ConnectClient): Promise<Transport> {
  const { brokers, clientId, topicPrefix, partitions } = options;
  const broker = kafkaBroker({
    brokers,
    clientId,
    topicPrefix,
    partitions,
    ssl: false,
    logger: pino({ level: 'warn' }),
    connectClient,
  });
  return {
    publish: (messages) => broker.publish(messages),
    consume: async (subscription, handle) => {
      await broker.consume({ ...subscription, maxBatch: MAX_BATCH }, async (batch) => {
        await handle(batch.map(({ topic, key }) => ({ topic, key: key ?? '' })));
        return [];
      });
    },
    close: () => broker.close(),
  };
}
