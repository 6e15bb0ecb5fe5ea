import { encode } from '@saga/messages/codec';
import { newOrderId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { messageRecorder } from '@saga/service-kit/message-recorder';
import { type RunningService, startService } from '@saga/service-kit/start-service';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { orchestratorService } from '../app.ts';
import { anOrder, orderCreated } from '../saga/testing/messages.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
/** More than are forgotten at a time. */
const MANY = 2_500;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const broker = memoryBroker({ partitions: 1 });
const logger = pino({ level: 'silent' });
let url: string;
let pool: pg.Pool;
let database: Database;
let service: RunningService | undefined;
beforeAll(async () => {
  url = await testDatabase('orchestrator');
  pool = createPool({ url, maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 });
  database = postgresDatabase(pool);
});
afterAll(async () => {
  await service?.stop();
  await pool.end();
});

const start = async (env: NodeJS.ProcessEnv = {}) => {
  service = await startService(orchestratorService, { env: { DATABASE_URL: url, PORT: '0', ...env }, broker, logger });
  await service.started;
};

type Aged = { name: string; status: string; startedDaysAgo: number; endedDaysAgo?: number; count?: number };

/** Sagas of that age, with two journal rows each. */
const sagas = ({ name, status, startedDaysAgo, endedDaysAgo, count = 1 }: Aged) =>
  database.query(
    `WITH made AS (
       INSERT INTO saga (id, definition, definition_version, status, version, partition, state, stuck_code,
                         started_at, updated_at, ended_at)
       SELECT (substr(rpad(lpad(to_hex((extract(epoch FROM started) * 1000)::bigint), 12, '0'), 16, '7'), 1, 16)
               || substr(replace(gen_random_uuid()::text, '-', ''), 17))::uuid,
              'place-order', 1, $2, 1, 0, '{}', $1, started, started, now() - $4::int * interval '1 day'
       FROM (SELECT now() - $3::int * interval '1 day' - n * interval '1 second' AS started
             FROM generate_series(1, $5) AS n) AS aged
       RETURNING id)
     INSERT INTO journal (saga_id, seq, at, message_id, message_type, incoming, effect, sent)
     SELECT id, seq, now(), gen_random_uuid(), 'timer', '{}', '[]', '[]' FROM made, generate_series(1, 2) AS seq`,
    [name, status, startedDaysAgo, endedDaysAgo ?? null, count],
  );

/** What is left, by the name that it was given in `stuck_code`. */
const left = async () =>
  Object.fromEntries(
    (
      await database.query<{ name: string; rows: number }>(
        'SELECT stuck_code AS name, count(*) AS rows FROM saga GROUP BY 1 ORDER BY 1',
      )
    ).map(({ name, rows }) => [name, rows]),
  );
const orphans = () =>
  database.query('SELECT saga_id FROM journal WHERE NOT EXISTS (SELECT FROM saga WHERE id = saga_id)');

test('only what ended long ago is forgotten, saga and journal together (trap 21)', async () => {
  await sagas({ name: 'completed', status: 'COMPLETED', startedDaysAgo: 99, endedDaysAgo: 98, count: MANY });
  await sagas({ name: 'compensated', status: 'COMPENSATED', startedDaysAgo: 99, endedDaysAgo: 98 });
  await sagas({ name: 'running for long', status: 'RUNNING', startedDaysAgo: 400, count: 3 });
  await sagas({ name: 'stuck going back', status: 'COMPENSATING', startedDaysAgo: 400 });
  await sagas({ name: 'ended late', status: 'COMPLETED', startedDaysAgo: 400, endedDaysAgo: 89 });
  await sagas({
    name: 'of it payments are yet to be forgotten',
    status: 'COMPLETED',
    startedDaysAgo: 97,
    endedDaysAgo: 96,
  });
  await sagas({ name: 'new', status: 'COMPLETED', startedDaysAgo: 1, endedDaysAgo: 1 });
  await sagas({ name: 'cancelled, never placed', status: 'AWAITED', startedDaysAgo: 32 });
  await sagas({ name: 'cancelled, may yet be placed', status: 'AWAITED', startedDaysAgo: 30 });
  await start();
  await expect.poll(left, { timeout: 60_000 }).toEqual({
    'cancelled, may yet be placed': 1,
    'ended late': 1,
    new: 1,
    'of it payments are yet to be forgotten': 1,
    'running for long': 3,
    'stuck going back': 1,
  });
  expect(await orphans()).toEqual([]);
});

test('services are told only of what has ended: what is open, awaited or unknown they keep (trap 21)', async () => {
  const all = `from=${FIRST_ID}&upTo=${LAST_ID}`;
  const { items } = (await service?.app.inject(`/sagas/ended?${all}`))?.json() ?? {};
  const names = await database.query<{ name: string }>(
    'SELECT stuck_code AS name FROM saga WHERE id = ANY($1) ORDER BY 1',
    [items],
  );
  expect(names.map(({ name }) => name)).toEqual(['ended late', 'new', 'of it payments are yet to be forgotten']);
});

test('what comes late for a saga that was forgotten is a dead letter, and never begins it anew (trap 21)', async () => {
  const seen = messageRecorder();
  await broker.consume({ group: 'specification', topics: ['dead-letter'], maxBatch: 100 }, seen.handle);
  const orderId = newOrderId();
  const message: Message = orderCreated(anOrder('place-order', { orderId }), Date.now() - 91 * DAY_MS);
  await broker.publish([encode(message)]);
  await expect
    .poll(() => seen.received.map(({ value }) => JSON.parse(String(value))), { timeout: 60_000 })
    .toMatchObject([{ topic: 'order-created', key: orderId, error: { code: 'EXPIRED' } }]);
  expect(await database.query('SELECT id FROM saga WHERE id = $1', [orderId])).toEqual([]);
});

test('a retention that is shorter than what inboxes remember is refused in one line (trap 21)', async () => {
  await expect(start({ INBOX_DAYS: '30', RETENTION_DAYS: '30' })).rejects.toThrow(
    /^RETENTION_DAYS is 30 and must be more than INBOX_DAYS, which is 30: .*$/,
  );
});
