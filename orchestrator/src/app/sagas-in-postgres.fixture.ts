import type { Message } from '@saga/messages/message';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import type { DeliveryHandler } from '@saga/service-kit/delivery';
import { delivered } from '@saga/testkit/message-builders';
import { testDatabase } from '@saga/testkit/test-database';
import { postgresSagaStore } from '../adapters/postgres/saga-store.ts';
import { allSagas } from '../sagas/all.ts';
import { messageHandler } from './message-handler.ts';
import type { SagaStore } from './saga-store.ts';

const PATIENCE = { maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };

/** The orchestrator's tables, without any rows, and replicas that handle messages on them. */
export interface SagasUnderTest {
  readonly database: Database;
  readonly databaseUrl: string;
  replica(store?: SagaStore): DeliveryHandler;
  /** On partition 0, by a replica of its own. */
  handle(...messages: Message[]): ReturnType<DeliveryHandler['handle']>;
  close(): Promise<void>;
}

export async function sagasUnderTest(): Promise<SagasUnderTest> {
  const databaseUrl = await testDatabase('orchestrator');
  const pool = createPool({ url: databaseUrl, ...PATIENCE });
  const database = postgresDatabase(pool);
  const replica = (store = postgresSagaStore) => messageHandler(allSagas, store, database);
  return {
    database,
    databaseUrl,
    replica,
    handle: (...messages) => replica().handle(messages.map((message) => delivered(message))),
    close: () => pool.end(),
  };
}
