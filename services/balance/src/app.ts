import { PrismaClient } from '@saga/prisma/balance';
import { askOrchestrator, orchestratorSetting } from '@saga/service-kit/ended-sagas';
import { participantHandler } from '@saga/service-kit/participant-handler';
import { forgetsUndoable, retention } from '@saga/service-kit/retention';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { forgetPayments } from './forget-payments.ts';
import { balanceLedger } from './ledger.ts';
import { balanceParticipant } from './participant.ts';
import { balanceRoutes } from './routes.ts';

export const balanceService: ServiceDefinition<typeof orchestratorSetting, PrismaClient> = {
  name: 'balance',
  port: 8083,
  config: orchestratorSetting,
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ config, prisma, database, outbox, logger }) => ({
    handler: participantHandler(balanceParticipant, database),
    ledger: balanceLedger,
    routes: balanceRoutes({ prisma, database, outbox }),
    background: [
      retention({
        forgettings: [
          forgetsUndoable(database, forgetPayments, config.RETENTION_DAYS, askOrchestrator(config.ORCHESTRATOR_URL)),
        ],
        logger,
      }),
    ],
  }),
};
