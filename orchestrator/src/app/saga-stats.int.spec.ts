import { encode } from '@saga/messages/codec';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { type RunningService, startService } from '@saga/service-kit/start-service';
import pino from 'pino';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { orchestratorService } from '../app.ts';
import { createSagaMetrics } from '../saga-metrics.ts';
import { orderCreated } from './saga-messages.fixture.ts';
import type { SagaStats } from './saga-stats.ts';
import { type SagasUnderTest, sagasUnderTest } from './sagas-in-postgres.fixture.ts';

const ORDERS = 20;
const PATIENCE = { timeout: 60_000 };

/** A whole orchestrator; no participant is there to answer it. */
let sagas: SagasUnderTest;
let service: RunningService;
const broker = memoryBroker({ partitions: 1 });
beforeAll(async () => {
  sagas = await sagasUnderTest();
  service = await startService(orchestratorService, {
    env: { DATABASE_URL: sagas.databaseUrl, PORT: '0' },
    broker,
    logger: pino({ level: 'silent' }),
  });
  await service.started;
});
afterAll(async () => {
  await service.stop();
  await sagas.close();
});

const stats = async (): Promise<SagaStats> => (await service.app.inject('/sagas/stats')).json();
const metric = async (name: string): Promise<string | undefined> =>
  (await service.app.inject('/metrics')).body.split('\n').find((line) => line.startsWith(name));

test('how the open sagas stand, and since when whose answers are waited for, is told and counted', async () => {
  expect(await stats()).toMatchObject({ open: 0, oldest: null, isComplete: true, participants: [] });
  await broker.publish(Array.from({ length: ORDERS }, () => encode(orderCreated())));
  await expect.poll(async () => (await stats()).open, PATIENCE).toBe(ORDERS);
  const command = 'decrease-product-command';
  const waiting = { command, waiting: ORDERS, waitingSince: expect.any(String) };
  expect(await stats()).toMatchObject({
    stuck: 0,
    sagas: [{ definition: 'ship-order', status: 'RUNNING', stuck: false, sagas: ORDERS }],
    participants: [{ ...waiting, silent: 0, silentSince: null, answeredUpTo: null, probes: 0 }],
  });

  await sagas.database.query(
    String.raw`UPDATE saga SET wake_at = now() - interval '1 second',
       state = regexp_replace(state::text, '("next":\{"at"):\d+', '\1:1', 'g')::json`,
  );
  await expect
    .poll(async () => (await stats()).participants, PATIENCE)
    .toMatchObject([{ ...waiting, silent: ORDERS, silentSince: expect.any(String), probes: 3 }]);
  await expect.poll(() => metric('saga_resends_total'), PATIENCE).toMatch(/ 3$/);

  await sagas.database.query(`UPDATE saga SET stuck_since = now(), stuck_code = 'EXPIRED'`);
  expect(await stats()).toMatchObject({ stuck: ORDERS, stuckByCode: [{ code: 'EXPIRED', sagas: ORDERS }] });
});

test('the metrics show how the open sagas stand, and no more what is over', async () => {
  const registry = new Registry();
  const metrics = createSagaMetrics(registry);
  const seen = await stats();
  const [waitingSince = ''] = seen.participants.map((participant) => participant.waitingSince);
  metrics.stand(seen, new Date(Date.parse(waitingSince) + 5_000));
  expect(await registry.metrics()).toContain('saga_oldest_wait_seconds{command="decrease-product-command"} 5\n');
  expect(await registry.metrics()).toContain(
    `saga_participants_silent{command="decrease-product-command"} ${ORDERS}\n`,
  );
  expect(await registry.metrics()).toContain(`saga_sagas_stuck{code="EXPIRED"} ${ORDERS}\n`);
  expect(await registry.metrics()).toContain(`saga_sagas_open ${ORDERS}\n`);
  metrics.late({ dueMs: 1_500, looksMs: 2_500 });
  expect(await registry.metrics()).toContain('saga_timers_late_seconds 1.5\n');
  expect(await registry.metrics()).toContain('saga_looks_late_seconds 2.5\n');
  metrics.stand({ ...seen, open: 0, stuckByCode: [], participants: [] }, new Date());
  expect(await registry.metrics()).not.toContain('EXPIRED');
  expect(await registry.metrics()).toContain('saga_sagas_open 0\n');
});

test('the metrics look into the oldest open sagas only, however many there are; who asks is told of more', async () => {
  await sagas.database.query(
    `INSERT INTO saga (id, definition, definition_version, status, version, partition, state, started_at, updated_at)
     SELECT gen_random_uuid(), definition, definition_version, status, version, partition, state, started_at, updated_at
     FROM saga, generate_series(1, 60)`,
  );
  expect((await stats()).participants).toMatchObject([{ waiting: 61 * ORDERS, silent: 61 * ORDERS }]);
  await expect.poll(() => metric('saga_sagas_open'), PATIENCE).toMatch(/ 1220$/);
  expect(await metric('saga_participants_silent')).toMatch(/ 1000$/);
});
