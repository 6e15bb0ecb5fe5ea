import { PrismaClient } from '@saga/prisma/balance';
import { participantHandler } from '@saga/service-kit/participant-handler';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { balanceLedger } from './ledger.ts';
import { balanceParticipant } from './participant.ts';
import { balanceRoutes } from './routes.ts';

export const balanceService: ServiceDefinition<Record<never, never>, PrismaClient> = {
  name: 'balance',
  port: 8083,
  config: {},
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ prisma, database, outbox }) => ({
    handler: participantHandler(balanceParticipant, database),
    ledger: balanceLedger,
    routes: balanceRoutes({ prisma, database, outbox }),
  }),
};
