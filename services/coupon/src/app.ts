import { PrismaClient } from '@saga/prisma/coupon';
import { participantHandler } from '@saga/service-kit/participant-handler';
import type { ServiceDefinition } from '@saga/service-kit/service';
import { couponLedger } from './ledger.ts';
import { couponParticipant } from './participant.ts';
import { couponRoutes } from './routes.ts';

export const couponService: ServiceDefinition<Record<never, never>, PrismaClient> = {
  name: 'coupon',
  port: 8084,
  config: {},
  createClient: (adapter) => new PrismaClient({ adapter }),
  build: ({ prisma, database, outbox }) => ({
    handler: participantHandler(couponParticipant, database),
    ledger: couponLedger,
    routes: couponRoutes({ prisma, outbox }),
  }),
};
