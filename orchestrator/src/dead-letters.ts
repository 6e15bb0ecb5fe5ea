import type { Broker } from '@saga/service-kit/broker';
import type { Database } from '@saga/service-kit/database';
import type { DeliveryHandler } from '@saga/service-kit/delivery';
import type { HttpApp } from '@saga/service-kit/http-app';
import { periodic } from '@saga/service-kit/periodic';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { deadLetterRoutes } from './adapters/http/dead-letter-routes.ts';
import { appendAudit } from './adapters/postgres/audit.ts';
import { postgresDeadLetters } from './adapters/postgres/dead-letters.ts';
import { deadLetterDecisions } from './app/decide-dead-letters.ts';
import { keepingDeadLetters } from './app/keep-dead-letters.ts';
import { publishRedriven } from './app/publish-redriven.ts';

/** What another replica was asked to redrive and could not publish is looked for so often. */
const REDRIVE_EVERY_MS = 5_000;
const COUNT_EVERY_MS = 10_000;

export type DeadLetterOptions = { database: Database; broker: Broker; logger: Logger; metrics: Registry };

/** All that the orchestrator has to do with dead letters, wired: kept, served, decided, published again, counted. */
export function deadLetters({ database, broker, logger, metrics }: DeadLetterOptions) {
  const store = postgresDeadLetters(database);
  const publishing = periodic({
    name: 'redrive',
    everyMs: REDRIVE_EVERY_MS,
    logger,
    run: (stopping) => publishRedriven({ store, database, broker }, stopping),
  });
  const open = new Gauge({
    name: 'saga_dead_letters_open',
    help: 'Dead letters that wait for an operator, as last counted',
    registers: [metrics],
  });
  const counting = periodic({
    name: 'dead letter count',
    everyMs: COUNT_EVERY_MS,
    logger,
    run: async () => open.set((await store.countOpen({})).reduce((total, { letters }) => total + letters, 0)),
  });
  const onRedriving = publishing.wake;
  const decisions = deadLetterDecisions({ store, appendAudit, database, broker, onRedriving });
  return {
    keptBeside: (handler: DeliveryHandler) => keepingDeadLetters(handler, store),
    routes: (app: HttpApp) => deadLetterRoutes(app, store, decisions),
    background: [publishing, counting],
  };
}
