import type { PrismaPg } from '@prisma/adapter-pg';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { Broker } from './broker.ts';
import type { CommonConfig } from './config.ts';
import type { Database } from './database.ts';
import type { DeliveryHandler } from './delivery.ts';
import type { HttpApp } from './http-app.ts';
import type { LedgerStatements } from './ledger.ts';
import type { Outbox } from './outbox.ts';

/** What works beside messages and requests: a relay, timers, a webhook sender. */
export interface BackgroundTask {
  start(): void;
  /** Ends the work at hand and resolves; bounded by the shutdown's time limit. */
  stop(): Promise<void>;
}

export type ServiceContext<Config, Client> = {
  config: CommonConfig & Config;
  prisma: Client;
  database: Database;
  broker: Broker;
  outbox: Outbox;
  logger: Logger;
  metrics: Registry;
};

export type ServiceParts = {
  routes: (app: HttpApp) => void;
  handler: DeliveryHandler;
  /** What stands of each order: read by the reconciliation. */
  ledger?: LedgerStatements;
  /** Once, when the database answers and before any message is taken; rejects with one clear line to refuse the start. */
  prepare?: () => Promise<void>;
  background?: readonly BackgroundTask[];
  /** Why the service cannot do its work yet or now, in a sentence; undefined when it can. */
  notReady?: () => Promise<string | undefined>;
  /** The order service goes on accepting orders while the broker is away. */
  worksWithoutBroker?: boolean;
};

/** A service is its name, its settings, its database client and its parts; all the rest is the kit's. */
export type ServiceDefinition<
  Shape extends z.ZodRawShape = z.ZodRawShape,
  Client extends PrismaClient = PrismaClient,
> = {
  name: string;
  port: number;
  config: Shape;
  createClient: (adapter: PrismaPg) => Client;
  build: (context: ServiceContext<z.infer<z.ZodObject<Shape>>, Client>) => ServiceParts;
};

/** What the kit needs to know of a generated Prisma client. */
export interface PrismaClient {
  $disconnect(): Promise<void>;
}
