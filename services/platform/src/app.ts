import { PrismaClient } from '@saga/prisma/platform';
import { participantHandler } from '@saga/service-kit/participant-handler';
import { periodic } from '@saga/service-kit/periodic';
import { forgetsEnded, retention } from '@saga/service-kit/retention';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { platformConfig, retryPolicyOf, webhookOf } from './config.ts';
import { createDispatchMetrics } from './dispatch-metrics.ts';
import { FORGET_DISPATCHES } from './forget-dispatches.ts';
import { platformParticipant } from './participant.ts';
import { platformRoutes } from './routes.ts';
import { createSender } from './sender.ts';
import { createWebhook } from './webhook.ts';

const LOOK_FOR_DUE_EVERY_MS = 500;
/** Longer than a request may take by as much as the database may need for both ends of it. */
const LEASE_MARGIN_MS = 30_000;

export const platformService: ServiceDefinition<typeof platformConfig, PrismaClient> = {
  name: 'platform',
  port: 8086,
  config: platformConfig,
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ config, prisma, database, metrics, logger }) => {
    const webhook = webhookOf(config);
    const sender =
      webhook &&
      createSender({
        database,
        send: createWebhook(webhook),
        policy: retryPolicyOf(config),
        concurrency: config.PLATFORM_WEBHOOK_CONCURRENCY,
        leaseMs: webhook.timeoutMs + LEASE_MARGIN_MS,
        metrics: createDispatchMetrics(metrics),
        logger,
      });
    return {
      handler: participantHandler(platformParticipant({ dispatching: webhook !== undefined }), database),
      routes: platformRoutes({ prisma }),
      background: [
        retention({ forgettings: [forgetsEnded(database, FORGET_DISPATCHES, config.RETENTION_DAYS)], logger }),
        ...(sender ? [periodic({ name: 'dispatches', everyMs: LOOK_FOR_DUE_EVERY_MS, run: sender, logger })] : []),
      ],
    };
  },
};
