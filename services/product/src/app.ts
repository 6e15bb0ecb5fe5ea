import { PrismaClient } from '@saga/prisma/product';
import { participantHandler } from '@saga/service-kit/participant-handler';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { productLedger } from './ledger.ts';
import { productParticipant } from './participant.ts';
import { productRoutes } from './routes.ts';

export const productService: ServiceDefinition<Record<never, never>, PrismaClient> = {
  name: 'product',
  port: 8082,
  config: {},
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ prisma, database, outbox }) => ({
    handler: participantHandler(productParticipant, database),
    ledger: productLedger,
    routes: productRoutes({ prisma, database, outbox }),
  }),
};
