import type { ReceivedMessage } from '@saga/messages/codec';
import { allTopics, type Topic } from '@saga/messages/topics';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import type { HttpApp } from '@saga/service-kit/http-app';
import { type MemoryBroker, memoryBroker } from '@saga/service-kit/memory-broker';
import { type MessageRecorder, messageRecorder } from '@saga/service-kit/message-recorder';
import type { PrismaClient, ServiceDefinition } from '@saga/service-kit/service';
import { startService } from '@saga/service-kit/start-service';
import pino from 'pino';
import type { z } from 'zod';

export type ServiceUnderTest = {
  /** For requests: `app.inject(…)`. */
  app: HttpApp;
  /** As the service's own role sees it. */
  database: Database;
  /** For what reaches the service from outside. */
  broker: MemoryBroker;
  /** What the service has published. */
  published: MessageRecorder;
  close(): Promise<void>;
};

const POOL = { maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };

/** A whole service on real PostgreSQL and a broker in memory, at work. */
export async function serviceUnderTest<Shape extends z.ZodRawShape, Client extends PrismaClient>(
  definition: ServiceDefinition<Shape, Client>,
  databaseUrl: string,
  env: NodeJS.ProcessEnv = {},
): Promise<ServiceUnderTest> {
  const broker = memoryBroker({ partitions: 1 });
  const service = await startService(definition, {
    env: { DATABASE_URL: databaseUrl, PORT: '0', ...env },
    broker,
    logger: pino({ level: 'silent' }),
  });
  await service.started;
  const published = messageRecorder();
  await broker.consume({ group: 'specification', topics: allTopics, maxBatch: 1_000 }, published.handle);
  const pool = createPool({ url: databaseUrl, ...POOL });
  return {
    app: service.app,
    database: postgresDatabase(pool),
    broker,
    published,
    close: async () => {
      await service.stop();
      await pool.end();
    },
  };
}

/** The bodies of what was published to a topic, in order. */
export const bodiesOf = ({ received }: MessageRecorder, topic: Topic): unknown[] =>
  received.filter((message) => message.topic === topic).map(({ value }: ReceivedMessage) => JSON.parse(String(value)));
