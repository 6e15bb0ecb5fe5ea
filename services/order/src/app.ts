import { isStateTopic } from '@saga/messages/topics';
import { PrismaClient } from '@saga/prisma/order';
import { participantHandler } from '@saga/service-kit/participant-handler';
import { periodic } from '@saga/service-kit/periodic';
import { forgetsEnded, retention } from '@saga/service-kit/retention';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { createCatchUp } from './catch-up.ts';
import { choreographyRoutes } from './choreography-routes.ts';
import { orderConfig } from './config.ts';
import { FORGET_ORDERS } from './forget-orders.ts';
import { orderLedger } from './ledger.ts';
import { createOrderAnnouncer } from './order-announcer.ts';
import { createOrderIntake } from './order-intake.ts';
import { createOrderMetrics } from './order-metrics.ts';
import { createOrderPlacement } from './order-placement.ts';
import { findEnded } from './order-queries.ts';
import { createOrderWaiters } from './order-waiters.ts';
import { orderParticipant } from './participant.ts';
import { orderRoutes } from './routes.ts';
import { wakingHandler } from './waking-handler.ts';

const POLL_ENDED_EVERY_MS = 300;
const MAX_ANNOUNCE_EVERY_MS = 5_000;

const NAME = 'order';

export const orderService: ServiceDefinition<typeof orderConfig, PrismaClient> = {
  name: NAME,
  port: 8081,
  config: orderConfig,
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ config, prisma, database, broker, outbox, logger, metrics: registry }) => {
    const handler = participantHandler(orderParticipant, database);
    const waiters = createOrderWaiters({ findEnded: (orderIds) => findEnded(database, orderIds) });
    const metrics = createOrderMetrics(registry, () => waiters.waiting);
    const announceAfterMs = config.ANNOUNCE_AFTER_MS;
    const announceEveryMs = Math.min(announceAfterMs, MAX_ANNOUNCE_EVERY_MS);
    const placement = createOrderPlacement({ outbox, announceAfterMs });
    const intake = createOrderIntake({
      placement,
      outbox,
      outboxLimit: config.OUTBOX_LIMIT,
      intakeLimit: config.INTAKE_LIMIT,
      metrics,
      logger,
    });
    const announcer = createOrderAnnouncer({ outbox, announceAfterMs, inboxDays: config.INBOX_DAYS, metrics, logger });
    const catchUp = createCatchUp({ database, broker, group: NAME, topics: handler.topics.filter(isStateTopic) });
    return {
      handler: wakingHandler(handler, waiters),
      ledger: orderLedger,
      routes: (app) => {
        orderRoutes({ prisma, database, outbox, intake, waiters, orchestratorUrl: config.ORCHESTRATOR_URL })(app);
        choreographyRoutes({ database, intake })(app);
      },
      background: [
        retention({ forgettings: [forgetsEnded(database, FORGET_ORDERS, config.RETENTION_DAYS)], logger }),
        periodic({ name: 'ended orders', everyMs: POLL_ENDED_EVERY_MS, run: waiters.poll, logger }),
        periodic({ name: 'announce again', everyMs: announceEveryMs, run: announcer, logger }),
      ],
      notReady: async () =>
        catchUp.missing() ?? (outbox.size >= config.OUTBOX_LIMIT ? 'the outbox is full' : undefined),
      worksWithoutBroker: true,
    };
  },
};
