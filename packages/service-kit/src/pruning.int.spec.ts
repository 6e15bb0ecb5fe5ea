import { testDatabase } from '@saga/testkit/infrastructure';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPool, type Database, postgresDatabase } from './database.ts';
import { findKitTables } from './kit-tables.ts';
import { pruning } from './pruning.ts';

/** More than are deleted at a time. */
const DAYS = 5_000;
const INBOX_DAYS = 30;

let pool: ReturnType<typeof createPool>;
let database: Database;
beforeAll(async () => {
  const url = await testDatabase('product');
  pool = createPool({ url, maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 });
  database = postgresDatabase(pool);
});
afterAll(() => pool.end());

const count = async (table: 'inbox' | 'idempotency'): Promise<number | undefined> =>
  (await database.query<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`))[0]?.rows;

it('what has to be remembered is kept, and nothing else', async () => {
  await database.query(
    `INSERT INTO inbox (id, replies, handled_at)
     SELECT gen_random_uuid(), '[]', now() - day * interval '1 day' FROM generate_series(0, $1::int - 1) AS day`,
    [DAYS],
  );
  await database.query(
    `INSERT INTO idempotency (scope, key, request_hash, response, created_at)
     SELECT 'add', hour, 'hash', '{}', now() - hour * interval '1 hour' FROM generate_series(0, 99) AS hour`,
  );
  const task = pruning({
    database,
    tables: await findKitTables(database),
    inboxDays: INBOX_DAYS,
    logger: pino({ level: 'silent' }),
  });
  task.start();
  await expect.poll(() => count('inbox')).toBe(INBOX_DAYS);
  await expect.poll(() => count('idempotency')).toBe(24);
  await task.stop();
});
