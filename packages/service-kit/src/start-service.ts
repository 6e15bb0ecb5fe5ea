import { PrismaPg } from '@prisma/adapter-pg';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Broker } from './broker.ts';
import { type CommonConfig, ConfigError, commonConfig, readConfig, secretsOf } from './config.ts';
import { createPool, postgresDatabase } from './database.ts';
import { messageOf } from './faults.ts';
import { createHttpApp, type HttpApp } from './http-app.ts';
import { kafkaBroker } from './kafka-broker.ts';
import { kafkaLogin } from './kafka-login.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { createOutbox } from './outbox.ts';
import { createReadiness } from './readiness.ts';
import type { PrismaClient, ServiceDefinition } from './service.ts';
import { type Need, takeUpWork } from './take-up-work.ts';

const CONNECT_TIMEOUT_MS = 5_000;

export type StartOptions = {
  env: NodeJS.ProcessEnv;
  /** Several services in one process share a broker in memory; it is not closed with the service. */
  broker?: Broker;
  logger?: Logger;
};

export type RunningService = {
  url: string;
  app: HttpApp;
  logger: Logger;
  /** Resolves when messages are being handled, or when it was stopped before; rejects when the start is refused. */
  started: Promise<void>;
  /** Ends what is at hand and leaves nothing open; safe at any time, also in the middle of the start. */
  stop(): Promise<void>;
};

/**
 * A service from its definition. It resolves as soon as HTTP answers (live, not yet ready) and takes up its work from
 * then on, as database and broker turn up.
 *
 * @throws ConfigError for a bad setting or a port in use; nothing is left open then.
 */
export async function startService<Shape extends z.ZodRawShape, Client extends PrismaClient>(
  definition: ServiceDefinition<Shape, Client>,
  options: StartOptions,
): Promise<RunningService> {
  const { name: service } = definition;
  const shape = { ...commonConfig(definition.port), ...definition.config };
  // Both shapes are read as one, so that all faults are told at once; here their types are put together again.
  const config = readConfig(shape, options.env) as CommonConfig & z.infer<z.ZodObject<Shape>>;
  const logger =
    options.logger ?? createLogger({ service, level: config.LOG_LEVEL, secrets: secretsOf(shape, config) });

  const opened = new AsyncDisposableStack();
  try {
    const pool = openPool(config, logger);
    opened.defer(() => pool.end());
    const database = postgresDatabase(pool);
    const prisma = definition.createClient(new PrismaPg(pool, { schema: service }));
    opened.defer(() => prisma.$disconnect());
    const broker = options.broker ?? openKafka(service, config, logger);
    if (!options.broker) opened.defer(() => broker.close());
    const outbox = createOutbox({ database, broker, logger });
    const metrics = createMetrics(service, () => outbox.size);
    const parts = definition.build({ config, prisma, database, broker, outbox, logger, metrics: metrics.registry });

    const stopping = new AbortController();
    let need: Need | undefined = 'database';
    const startsOrStops = (): string | undefined => {
      if (stopping.signal.aborted) return 'the service is stopping';
      if (need === undefined || (need === 'broker' && parts.worksWithoutBroker)) return undefined;
      return `the service is starting and waits for the ${need}`;
    };
    const readiness = createReadiness({
      database,
      broker: parts.worksWithoutBroker ? undefined : broker,
      startsOrStops,
      notReady: parts.notReady,
    });
    const app = await createHttpApp({ service, logger, metrics, readiness });
    opened.defer(() => app.close());
    parts.routes(app);
    const url = await listen(app, config);

    const work = { service, config, database, broker, outbox, metrics, parts, logger, opened };
    const waitsFor = (now: Need | undefined): void => {
      need = now;
    };
    const started = takeUpWork({ ...work, stopping: stopping.signal, waitsFor }).catch((error) => {
      if (!stopping.signal.aborted) throw error;
    });
    started.catch(() => {}); // whoever awaits it is told; nobody has to

    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      stopping.abort();
      await Promise.allSettled([started]);
      await app.close();
      await opened.disposeAsync();
    };
    return {
      url,
      app,
      logger,
      started,
      stop: () => {
        stopped ??= stop();
        return stopped;
      },
    };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

function openPool(config: CommonConfig, logger: Logger) {
  const pool = createPool({
    url: config.DATABASE_URL,
    maxConnections: config.POOL_SIZE,
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
  });
  // Without a listener, an idle connection that the server closes would end the process.
  pool.on('error', (error) => logger.warn({ error: messageOf(error) }, 'an idle database connection was lost'));
  return pool;
}

const openKafka = (service: string, config: CommonConfig, logger: Logger): Broker =>
  kafkaBroker({
    brokers: config.KAFKA_BROKERS,
    clientId: service,
    topicPrefix: config.TOPIC_PREFIX,
    partitions: config.PARTITIONS,
    ssl: config.KAFKA_SSL,
    sasl: kafkaLogin(config),
    logger,
  });

async function listen(app: HttpApp, { HOST: host, PORT: port }: CommonConfig): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    const reason = inUse ? 'another process listens there' : messageOf(error);
    throw new ConfigError([`PORT ${port} on HOST ${host} cannot be used: ${reason}`]);
  }
}
