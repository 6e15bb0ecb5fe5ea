import { allTopics, isStateTopic } from '@saga/messages/topics';
import type { Logger } from 'pino';
import type { Broker, TopicSpec } from './broker.ts';
import { systemClock } from './clock.ts';
import { type CommonConfig, ConfigError } from './config.ts';
import type { Database } from './database.ts';
import { deliver } from './deliver.ts';
import type { FaultLog } from './fault-log.ts';
import { isTransient, messageOf } from './faults.ts';
import type { HeldBack } from './held-back.ts';
import { keepTrying } from './keep-trying.ts';
import { findKitTables } from './kit-tables.ts';
import type { Metrics } from './metrics.ts';
import type { Outbox } from './outbox.ts';
import { outboxRelay } from './outbox-relay.ts';
import { pruning } from './pruning.ts';
import type { Phase } from './readiness.ts';
import type { BackgroundTask, ServiceParts } from './service.ts';
import { tracedBatches } from './traced-batches.ts';
import type { Tracing } from './tracing.ts';

const TOPICS: readonly TopicSpec[] = allTopics.map((name) => ({ name, compacted: isStateTopic(name) }));

export type WorkOptions = {
  service: string;
  config: CommonConfig;
  database: Database;
  broker: Broker;
  outbox: Outbox;
  metrics: Metrics;
  heldBack: HeldBack;
  faults: FaultLog;
  tracing: Tracing | undefined;
  parts: ServiceParts;
  logger: Logger;
  /** Gets what is to be closed, in the order of opening. */
  opened: AsyncDisposableStack;
  stopping: AbortSignal;
  enter: (phase: Phase) => void;
};

/**
 * Everything that happens without a request: waits for the database and its tables, then for the broker, and begins to
 * handle messages. Neither has to be there before the service is; both are waited for as long as it takes.
 *
 * @throws ConfigError with what `prepare` refuses the start for; the signal's reason when it stops in the middle.
 */
export async function takeUpWork(options: WorkOptions): Promise<void> {
  const {
    service,
    config,
    database,
    broker,
    outbox,
    metrics,
    heldBack,
    faults,
    tracing,
    parts,
    logger,
    opened,
    stopping,
    enter,
  } = options;
  const run = (task: BackgroundTask): void => {
    task.start();
    opened.defer(() => task.stop());
  };
  const theDatabase = { what: 'the database', signal: stopping, logger };
  const theBroker = { what: 'the broker', signal: stopping, logger };

  enter('waits for the database');
  const tables = await keepTrying(() => findKitTables(database), theDatabase);
  await keepTrying(async () => parts.prepare?.(), { ...theDatabase, worthwhile: isTransient }).catch(refuse);

  enter('waits for the broker');
  // Before the broker is there: what has gathered in the outbox during an outage counts against its limit.
  run(outboxRelay({ outbox, logger }));
  await keepTrying(() => broker.createTopics(TOPICS), theBroker);
  const handle = deliver({
    service,
    handler: parts.handler,
    broker,
    clock: systemClock,
    logger,
    faults,
    observer: metrics.delivery,
    inboxDays: config.INBOX_DAYS,
    stopping,
  });
  const observed = heldBack.watch(tracing ? tracedBatches(handle, tracing) : handle);
  const { topics, lanes } = parts.handler;
  const subscription = { group: service, topics, maxBatch: config.MAX_BATCH, lanes };
  const consumer = await keepTrying(() => broker.consume(subscription, observed), theBroker);
  opened.defer(() => consumer.stop());

  run(pruning({ database, tables, inboxDays: config.INBOX_DAYS, logger }));
  for (const task of parts.background ?? []) run(task);
  enter('works');
  logger.info({ topics }, 'handling messages');
}

function refuse(error: unknown): never {
  throw new ConfigError([messageOf(error)], { cause: error });
}
