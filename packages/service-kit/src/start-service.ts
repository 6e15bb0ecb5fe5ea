import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Broker } from './broker.ts';
import { type CommonConfig, ConfigError, commonConfig, readConfig, secretsOf } from './config.ts';
import { openConnections } from './connections.ts';
import { errorCode } from './error-code.ts';
import { faultLog } from './fault-log.ts';
import { messageOf } from './faults.ts';
import { createHeldBack } from './held-back.ts';
import { createHttpApp, type HttpApp } from './http-app.ts';
import { lagGauge } from './lag-gauge.ts';
import { ledgerRoutes } from './ledger.ts';
import { createLogger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { createOutbox } from './outbox.ts';
import { createReadiness, type Phase } from './readiness.ts';
import { assertKeptLongEnough } from './retention.ts';
import type { PrismaClient, ServiceDefinition } from './service.ts';
import { takeUpWork } from './take-up-work.ts';

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
  assertKeptLongEnough(config);
  const secrets = secretsOf(shape, config);
  const logger = options.logger ?? createLogger({ service, level: config.LOG_LEVEL, secrets });

  const stopping = new AbortController();
  const opened = new AsyncDisposableStack();
  try {
    const connections = await openConnections(definition, { config, broker: options.broker, logger, opened });
    const outbox = createOutbox({ ...connections, logger });
    const metrics = createMetrics(service, () => outbox.size);
    const faults = faultLog(logger);
    const heldBack = createHeldBack({ registry: metrics.registry, logger });
    const parts = definition.build({ ...connections, config, outbox, logger, metrics: metrics.registry });
    lagGauge(metrics.registry, () => connections.broker.lag(service, parts.handler.topics));

    let phase: Phase = 'waits for the database';
    const enter = (next: Phase): void => {
      phase = stopping.signal.aborted ? 'stops' : next;
    };
    const readiness = createReadiness({ ...connections, ...parts, phase: () => phase, heldBack, faults });
    const app = await createHttpApp({ service, logger, metrics, readiness, tracing: connections.tracing });
    parts.routes(app);
    if (parts.ledger) ledgerRoutes(app, connections.database, parts.ledger);
    opened.defer(() => app.close());
    const url = await listen(app, config);

    const work = { ...connections, service, config, outbox, metrics, heldBack, faults, parts, logger, opened, enter };
    const started = takeUpWork({ ...work, stopping: stopping.signal }).catch((error) => {
      if (!stopping.signal.aborted) throw error;
    });
    started.catch(() => {}); // whoever awaits it is told; nobody has to

    const stop = async (): Promise<void> => {
      stopping.abort();
      enter('stops');
      await Promise.allSettled([started]);
      await app.close();
      await opened.disposeAsync();
    };
    let stopped: Promise<void> | undefined;
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

async function listen(app: HttpApp, { HOST: host, PORT: port }: CommonConfig): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const inUse = errorCode(error) === 'EADDRINUSE';
    const reason = inUse ? 'another process listens there' : messageOf(error);
    throw new ConfigError([`PORT ${port} on HOST ${host} cannot be used: ${reason}`]);
  }
}
