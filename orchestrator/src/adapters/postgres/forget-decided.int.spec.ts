import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import { type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { orchestratorService } from '../../app.ts';

/** More than are forgotten at a time. */
const MANY = 2_500;

let url: string;
let pool: pg.Pool;
let database: Database;
let service: ServiceUnderTest | undefined;
beforeAll(async () => {
  url = await testDatabase('orchestrator');
  pool = createPool({ url, maxConnections: 2, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 });
  database = postgresDatabase(pool);
});
afterAll(async () => {
  await service?.close();
  await pool.end();
});

const letters = (status: string, failedDaysAgo: number, decidedDaysAgo?: number, count = 1) =>
  database.query(
    `INSERT INTO dead_letter (id, service, topic, partition, "offset", headers, is_whole, code, message, failed_at,
                              status, decided_at)
     SELECT gen_random_uuid(), 'product', 'not there, so that it stays', 0, '0', '{}', false, 'NOT_JSON', '',
            now() - $2::int * interval '1 day', $1, now() - $3::int * interval '1 day'
     FROM generate_series(1, $4)`,
    [status, failedDaysAgo, decidedDaysAgo ?? null, count],
  );

const audit = (daysAgo: number) =>
  database.query(
    `INSERT INTO audit (at, actor, action, target_kind, target_id, reason, detail)
     VALUES (now() - $1::int * interval '1 day', 'kim', 'retry', 'saga', $1::int::text, 'x', '{}')`,
    [daysAgo],
  );

const leftLetters = async () =>
  (
    await database.query<{ status: string; days: number; rows: number }>(
      `SELECT status, extract(day FROM now() - coalesce(decided_at, failed_at))::int AS days, count(*) AS rows
       FROM dead_letter GROUP BY 1, 2 ORDER BY 1, 2`,
    )
  ).map(({ status, days, rows }) => `${rows} ${status} since ${days} days`);

const leftAudit = async () =>
  (await database.query<{ id: string }>('SELECT target_id AS id FROM audit ORDER BY id')).map(({ id }) => id);

test('what was decided is kept for AUDIT_DAYS; what is open or not published yet, for as long as it is (trap 21)', async () => {
  await letters('OPEN', 400);
  await letters('REDRIVING', 400, 400);
  await letters('REDRIVEN', 400, 31, MANY);
  await letters('REDRIVEN', 400, 29);
  await letters('DISCARDED', 400, 31);
  await letters('DISCARDED', 400, 29);
  for (const daysAgo of [31, 29]) await audit(daysAgo);
  service = await serviceUnderTest(orchestratorService, url, { AUDIT_DAYS: '30' });
  await expect.poll(leftAudit, { timeout: 60_000 }).toEqual(['29']);
  expect(await leftLetters()).toEqual([
    '1 DISCARDED since 29 days',
    '1 OPEN since 400 days',
    '1 REDRIVEN since 29 days',
    '1 REDRIVING since 400 days',
  ]);
});
