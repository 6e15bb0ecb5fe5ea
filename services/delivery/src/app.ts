import { PrismaClient } from '@saga/prisma/delivery';
import { askOrchestrator, orchestratorSetting } from '@saga/service-kit/ended-sagas';
import { participantHandler } from '@saga/service-kit/participant-handler';
import { forgetsUndoable, retention } from '@saga/service-kit/retention';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { forgetDeliveries } from './forget-deliveries.ts';
import { deliveryLedger } from './ledger.ts';
import { deliveryParticipant } from './participant.ts';
import { deliveryRoutes } from './routes.ts';

export const deliveryService: ServiceDefinition<typeof orchestratorSetting, PrismaClient> = {
  name: 'delivery',
  port: 8085,
  config: orchestratorSetting,
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ config, prisma, database, logger }) => ({
    handler: participantHandler(deliveryParticipant, database),
    ledger: deliveryLedger,
    routes: deliveryRoutes({ prisma, database }),
    background: [
      retention({
        forgettings: [
          forgetsUndoable(database, forgetDeliveries, config.RETENTION_DAYS, askOrchestrator(config.ORCHESTRATOR_URL)),
        ],
        logger,
      }),
    ],
  }),
};
