import { PrismaClient } from '@saga/prisma/product';
import { participantHandler } from '@saga/service-kit/participant-handler';
import { forgetsEnded, retention } from '@saga/service-kit/retention';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { FORGET_RESERVATIONS } from './forget-reservations.ts';
import { productLedger } from './ledger.ts';
import { productParticipant } from './participant.ts';
import { productRoutes } from './routes.ts';

export const productService: ServiceDefinition<Record<never, never>, PrismaClient> = {
  name: 'product',
  port: 8082,
  config: {},
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ config, prisma, database, outbox, logger }) => ({
    handler: participantHandler(productParticipant, database),
    ledger: productLedger,
    routes: productRoutes({ prisma, database, outbox }),
    background: [
      retention({ forgettings: [forgetsEnded(database, FORGET_RESERVATIONS, config.RETENTION_DAYS)], logger }),
    ],
  }),
};
