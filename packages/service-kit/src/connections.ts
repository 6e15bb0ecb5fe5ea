import { PrismaPg } from '@prisma/adapter-pg';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Broker } from './broker.ts';
import type { CommonConfig } from './config.ts';
import { createPool, type Database, postgresDatabase } from './database.ts';
import { messageOf } from './faults.ts';
import type { ConnectClient } from './kafka/kafka-client.ts';
import { kafkajsClient } from './kafka/kafkajs/kafkajs-client.ts';
import { kafkaBroker } from './kafka-broker.ts';
import { kafkaLogin } from './kafka-login.ts';
import type { PrismaClient, ServiceDefinition } from './service.ts';
import { createTracing, type Tracing } from './tracing.ts';

const CONNECT_TIMEOUT_MS = 5_000;

export type Connections<Client> = {
  database: Database;
  prisma: Client;
  broker: Broker;
  /** Only where traces are sent. */
  tracing: Tracing | undefined;
};

export type ConnectionOptions = {
  config: CommonConfig;
  /** In place of Kafka; it is not closed with the service. */
  broker: Broker | undefined;
  logger: Logger;
  /** Gets what is to be closed, in the order of opening. */
  opened: AsyncDisposableStack;
};

/** What a service speaks to. Each connects when first used, so that none of them has to be there yet. */
export async function openConnections<Shape extends z.ZodRawShape, Client extends PrismaClient>(
  { name: service, createClient }: ServiceDefinition<Shape, Client>,
  { config, broker: given, logger, opened }: ConnectionOptions,
): Promise<Connections<Client>> {
  const pool = createPool({
    url: config.DATABASE_URL,
    maxConnections: config.POOL_SIZE,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  // Without a listener, an idle connection that the server closes would end the process.
  pool.on('error', (error) => logger.warn({ error: messageOf(error) }, 'an idle database connection was lost'));
  opened.defer(() => pool.end());
  const prisma = createClient(new PrismaPg(pool, { schema: service }));
  opened.defer(() => prisma.$disconnect());

  const broker = given ?? (await openKafka(service, config, logger));
  if (!given) opened.defer(() => broker.close());

  const { OTEL_EXPORTER_OTLP_ENDPOINT: collector } = config;
  const tracing = collector === undefined ? undefined : await createTracing(service, collector, logger);
  if (tracing) opened.defer(() => tracing.stop());

  return { database: postgresDatabase(pool), prisma, broker, tracing };
}

const openKafka = async (service: string, config: CommonConfig, logger: Logger): Promise<Broker> =>
  kafkaBroker({
    brokers: config.KAFKA_BROKERS,
    clientId: service,
    topicPrefix: config.TOPIC_PREFIX,
    partitions: config.PARTITIONS,
    ssl: config.KAFKA_SSL,
    sasl: kafkaLogin(config),
    logger,
    connectClient: await kafkaClientNamed(config.KAFKA_CLIENT),
  });

async function kafkaClientNamed(name: CommonConfig['KAFKA_CLIENT']): Promise<ConnectClient> {
  switch (name) {
    case 'kafkajs':
      return kafkajsClient;
    case 'platformatic':
      // Large: whoever does not use it does not load it.
      return (await import('./kafka/platformatic/platformatic-client.ts')).platformaticClient;
    default:
      throw name satisfies never;
  }
}
