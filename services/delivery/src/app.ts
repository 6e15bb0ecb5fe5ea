import { PrismaClient } from '@saga/prisma/delivery';
import { participantHandler } from '@saga/service-kit/participant-handler';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { deliveryLedger } from './ledger.ts';
import { deliveryParticipant } from './participant.ts';
import { deliveryRoutes } from './routes.ts';

export const deliveryService: ServiceDefinition<Record<never, never>, PrismaClient> = {
  name: 'delivery',
  port: 8085,
  config: {},
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ prisma, database }) => ({
    handler: participantHandler(deliveryParticipant, database),
    ledger: deliveryLedger,
    routes: deliveryRoutes({ prisma, database }),
  }),
};
