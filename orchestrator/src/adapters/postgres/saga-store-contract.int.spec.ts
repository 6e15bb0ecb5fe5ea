import { createPool, postgresDatabase } from '@saga/service-kit/database';
import { onPostgres } from '@saga/testkit/participant-contract';
import { sagaStoreContract } from '@saga/testkit/saga-store-contract';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import { afterAll } from 'vitest';
import { postgresSagaStore } from './saga-store.ts';

const PATIENCE = { maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };

let pool: pg.Pool;
afterAll(() => pool.end());

sagaStoreContract(async () => {
  pool = createPool({ url: await testDatabase('orchestrator'), ...PATIENCE });
  const database = postgresDatabase(pool);
  return { store: postgresSagaStore, database, ...onPostgres(database) };
});
