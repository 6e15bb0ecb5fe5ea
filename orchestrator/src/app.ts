import { PrismaClient } from '@saga/prisma/orchestrator';
import { systemClock } from '@saga/service-kit/clock';
import { periodic } from '@saga/service-kit/periodic';
import { forgetsEnded, retention } from '@saga/service-kit/retention';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { auditRoutes } from './adapters/http/audit-routes.ts';
import { definitionRoutes } from './adapters/http/definition-routes.ts';
import { endedSagaRoutes } from './adapters/http/ended-saga-routes.ts';
import { eventRoutes } from './adapters/http/event-routes.ts';
import { httpLedger } from './adapters/http/http-ledger.ts';
import { operatorRoutes } from './adapters/http/operator-routes.ts';
import { reconciliationRoutes } from './adapters/http/reconciliation-routes.ts';
import { sagaRoutes } from './adapters/http/saga-routes.ts';
import { appendAudit, postgresAuditQueries } from './adapters/postgres/audit.ts';
import { forgetsDecided } from './adapters/postgres/forget-decided.ts';
import { FORGET_AWAITED, FORGET_ENDED, KEPT_LONGER_DAYS } from './adapters/postgres/forget-sagas.ts';
import { postgresSagaBooks } from './adapters/postgres/saga-books.ts';
import { postgresSagaEvents } from './adapters/postgres/saga-events.ts';
import { postgresSagaQueries } from './adapters/postgres/saga-queries.ts';
import { postgresSagaStore } from './adapters/postgres/saga-store.ts';
import { assertDefinitionsKnown } from './app/definitions-in-use.ts';
import { fireTimers } from './app/fire-timers.ts';
import { messageHandler } from './app/message-handler.ts';
import { sagaStats } from './app/saga-stats.ts';
import { orchestratorConfig } from './config.ts';
import { deadLetters } from './dead-letters.ts';
import { createSagaMetrics } from './saga-metrics.ts';
import { allSagas } from './sagas/all.ts';

/** How often the metrics are told how the open sagas stand. */
const STATISTICS_EVERY_MS = 15_000;
/** Who has fallen silent shows in the oldest of them; to look into all costs every replica half a second each time. */
const STATISTICS_OF_OLDEST = 1_000;

export const orchestratorService: ServiceDefinition<typeof orchestratorConfig, PrismaClient> = {
  name: 'orchestrator',
  port: 8080,
  config: orchestratorConfig,
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ config, database, outbox, logger, broker, metrics }) => {
    const handler = messageHandler(allSagas, postgresSagaStore, database);
    const dead = deadLetters({ database, broker, logger, metrics });
    const queries = postgresSagaQueries(database);
    const shell = { registry: allSagas, store: postgresSagaStore, outbox, inboxDays: config.INBOX_DAYS, logger };
    const sagaMetrics = createSagaMetrics(metrics);
    return {
      handler: dead.keptBeside(handler),
      prepare: async () => assertDefinitionsKnown(allSagas, await queries.versionsInUse()),
      routes: (app) => {
        sagaRoutes(app, allSagas, queries);
        operatorRoutes(app, { ...shell, appendAudit });
        definitionRoutes(app, allSagas);
        eventRoutes(app, postgresSagaEvents(database));
        endedSagaRoutes(app, queries);
        reconciliationRoutes(app, {
          sagas: postgresSagaBooks(database),
          sources: config.LEDGERS.map((setting) => httpLedger(setting)),
          retentionDays: config.RETENTION_DAYS,
        });
        dead.routes(app);
        auditRoutes(app, postgresAuditQueries(database));
      },
      background: [
        retention({
          forgettings: [
            forgetsEnded(database, FORGET_ENDED, config.RETENTION_DAYS + KEPT_LONGER_DAYS),
            forgetsEnded(database, FORGET_AWAITED, config.INBOX_DAYS + 1),
            ...forgetsDecided(database, config.AUDIT_DAYS),
          ],
          logger,
        }),
        ...dead.background,
        periodic({
          name: 'saga statistics',
          everyMs: STATISTICS_EVERY_MS,
          logger,
          run: async () => {
            sagaMetrics.stand(sagaStats(allSagas, await queries.stats(STATISTICS_OF_OLDEST)), new Date());
            sagaMetrics.late(await queries.timersLate());
          },
        }),
        periodic({
          name: 'timers',
          everyMs: config.TIMER_INTERVAL_MS,
          logger,
          run: async (stopping) => {
            const woken = await fireTimers({ ...shell, ...sagaMetrics, clock: systemClock }, stopping);
            if (woken > 0) logger.debug({ sagas: woken }, 'timers fired');
          },
        }),
      ],
    };
  },
};
