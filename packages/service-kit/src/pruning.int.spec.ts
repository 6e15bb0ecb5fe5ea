import { createTestDatabase } from '@saga/testkit/infrastructure';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPool, type Database, postgresDatabase } from './database.ts';
import { findKitTables } from './kit-tables.ts';
import { PRUNE_INBOX, pruning } from './pruning.ts';

/** More than are deleted at a time. */
const DAYS = 5_000;
const INBOX_DAYS = 30;

const LIMITS = { maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };

let databases: Awaited<ReturnType<typeof createTestDatabase>>;
let pool: ReturnType<typeof createPool>;
let database: Database;
beforeAll(async () => {
  databases = await createTestDatabase();
  pool = createPool({ url: databases.url('product'), ...LIMITS });
  database = postgresDatabase(pool);
});
afterAll(() => pool.end());

const count = async (table: 'inbox' | 'idempotency'): Promise<number | undefined> =>
  (await database.query<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`))[0]?.rows;

it('what has to be remembered is kept, a day longer than a message is taken, and nothing else (trap 21)', async () => {
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
  await expect.poll(() => count('inbox'), { timeout: 60_000 }).toBe(INBOX_DAYS + 1);
  await expect.poll(() => count('idempotency'), { timeout: 60_000 }).toBe(24);
  await task.stop();
});

it.each(['order', 'product', 'balance', 'coupon', 'delivery', 'platform'] as const)(
  'what the %s service forgets is found by its age, not by reading the whole inbox',
  async (service) => {
    const own = createPool({ url: databases.url(service), ...LIMITS });
    // In a transaction, for an empty table is otherwise read whole, whatever there is.
    const plan = await postgresDatabase(own).transaction((sql) => sql.query(`EXPLAIN ${PRUNE_INBOX}`, [24, 1]));
    await own.end();
    expect(JSON.stringify(plan)).toContain('inbox_handled_at_idx');
  },
);
