import { newOrderId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { createOutbox } from '@saga/service-kit/outbox';
import { delivered } from '@saga/testkit/message-builders';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSaga } from '../adapters/postgres/read-sagas.ts';
import { postgresSagaStore } from '../adapters/postgres/saga-store.ts';
import type { Incoming } from '../saga/incoming.ts';
import { rebuild } from '../saga/rebuild.ts';
import { allSagas } from '../sagas/all.ts';
import { fireTimers } from './fire-timers.ts';
import { messageHandler } from './message-handler.ts';
import { answer, cancelRequest, orderCreated, rejected, success } from './saga-messages.fixture.ts';

const PATIENCE = { maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };

let pool: pg.Pool;
let database: Database;
beforeAll(async () => {
  pool = createPool({ url: await testDatabase('orchestrator'), ...PATIENCE });
  database = postgresDatabase(pool);
});
afterAll(() => pool.end());

const replica = () => messageHandler(allSagas, postgresSagaStore, database);
const handle = (...messages: Message[]) => replica().handle(messages.map((message) => delivered(message)));

/** Makes the saga's time come. */
const makeDue = (orderId: string) =>
  database.query(
    `UPDATE saga SET wake_at = now() - interval '1 second',
       state = replace(state::text, '"next":{"at":', '"next":{"at":-')::json
     WHERE id = $1`,
    [orderId],
  );

async function fire(): Promise<Message[]> {
  const sent: Message[] = [];
  const broker = memoryBroker({ partitions: 1 });
  const outbox = createOutbox({ database, broker, logger: pino({ level: 'silent' }) });
  await fireTimers({
    registry: allSagas,
    store: postgresSagaStore,
    inboxDays: 30,
    logger: pino({ level: 'silent' }),
    outbox: {
      ...outbox,
      transaction: (work) =>
        outbox.transaction(async (sql) => {
          const done = await work(sql);
          sent.push(...done.messages);
          return done;
        }),
    },
  });
  await outbox.idle();
  return sent;
}

describe('sagas in PostgreSQL', () => {
  test('an order runs from its arrival to its completion, one batch after the other', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [create] = (await handle(success(decrease))).publish;
    const [complete] = (await handle(success(create))).publish;
    const last = await handle(success(complete));
    expect([decrease?.topic, create?.topic, complete?.topic]).toEqual([
      'decrease-product-command',
      'create-delivery-command',
      'complete-order-command',
    ]);
    expect(last).toEqual({ publish: [], dead: [], left: [] });
    expect(await readSaga(database, order.key)).toMatchObject({ status: 'COMPLETED', version: 4 });
  });

  test('the stored state is the one that the journal rebuilds', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [create] = (await handle(success(decrease), cancelRequest(order.key))).publish;
    await handle(success(create));
    const journal = await database.query<{ incoming: Incoming; at: Date }>(
      'SELECT incoming, at FROM journal WHERE saga_id = $1 ORDER BY seq',
      [order.key],
    );
    const entries = journal.map(({ incoming, at }) => ({ incoming, at: at.getTime() }));
    const rebuilt = rebuild(allSagas, entries);
    expect(JSON.parse(JSON.stringify(rebuilt))).toEqual(await readSaga(database, order.key));
  });

  test('after a crash between commit and publish, the redelivered batch sends the same commands again (trap 1)', async () => {
    const order = orderCreated();
    const first = await handle(order);
    expect(await handle(order)).toEqual(first);
    const [decrease] = first.publish;
    const next = await handle(success(decrease));
    expect(await handle(success(decrease))).toEqual(next);
  });

  test('a duplicate sends nothing of what has been answered since (trap 27)', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    await handle(success(decrease));
    expect((await handle(order)).publish).toEqual([]);
  });

  test('two replicas that handle one saga at once agree: one wins, the other reads again (trap 3)', async () => {
    const order = orderCreated();
    const started = await Promise.allSettled([handle(order), handle(order), handle(order)]);
    expect(started.some(({ status }) => status === 'fulfilled')).toBe(true);
    const [decrease] = (await handle(order)).publish;
    const both = await Promise.all([handle(success(decrease)), handle(success(decrease))]);
    expect(new Set(both.flatMap(({ publish }) => publish.map(({ envelope }) => envelope.id))).size).toBe(1);
    expect(await readSaga(database, order.key)).toMatchObject({ version: 2 });
  });

  test('a cancellation that comes before its order is kept, and applied right after it (trap 7)', async () => {
    const order = orderCreated();
    expect((await handle(cancelRequest(order.key))).publish).toEqual([]);
    expect(await readSaga(database, order.key), 'nothing is shown of a saga that has not begun').toBeUndefined();
    const [undo] = (await handle(order)).publish;
    expect(undo?.topic).toBe('cancel-order-command');
    await handle(success(undo));
    expect(await readSaga(database, order.key)).toMatchObject({
      status: 'COMPENSATED',
      failure: { code: 'CANCELLED_BY_CUSTOMER' },
    });
  });

  test('a fact that belongs to no saga is a dead letter; the others of its batch go on', async () => {
    const order = orderCreated();
    const stray = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [unknown] = (await handle(stray)).publish;
    const orphan = success({ ...unknown, key: newOrderId() } as Message);
    const { publish, dead } = await handle(orphan, success(decrease));
    expect(dead).toMatchObject([{ reason: { code: 'UNKNOWN_SAGA' } }]);
    expect(publish.map(({ topic }) => topic)).toEqual(['create-delivery-command']);
  });

  test('a refusal undoes what was sent, and the order last', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [cancel] = (await handle(rejected(decrease))).publish;
    expect(cancel?.topic).toBe('cancel-order-command');
    expect((await readSaga(database, order.key))?.steps.product?.status).toBe('REJECTED');
  });
});

describe('timers', () => {
  test('nothing fires before its time, and progress leaves the wake-up where it was', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const wakeAt = async () =>
      (await database.query<{ wake_at: Date }>('SELECT wake_at FROM saga WHERE id = $1', [order.key]))[0]?.wake_at;
    const before = await wakeAt();
    expect(await fire()).toEqual([]);
    await handle(success(decrease));
    expect(await wakeAt()).toEqual(before);
  });

  test('a failed attempt is sent again when its backoff is over, under the same id', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    await handle(answer(decrease, { outcome: 'failed', reason: { code: 'X', message: 'disk' } }));
    await makeDue(order.key);
    const [again] = await fire();
    expect(again?.envelope).toMatchObject({ id: decrease?.envelope.id, attempt: 2 });
    expect(await fire()).toEqual([]);
  });

  test('a silent participant is probed by a few sagas of a partition, not by all (trap 11)', async () => {
    const orders = Array.from({ length: 20 }, () => orderCreated());
    await handle(...orders);
    for (const { key } of orders) await makeDue(key);
    const probes = await fire();
    expect(probes.length).toBeGreaterThan(0);
    expect(probes.length).toBeLessThanOrEqual(3);
    for (const { key } of orders) expect((await readSaga(database, key))?.status).toBe('RUNNING');
  });

  test('the end of a saga clears its wake-up', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [cancel] = (await handle(rejected(decrease))).publish;
    await handle(success(cancel));
    const [row] = await database.query<{ wake_at: Date | null; ended_at: Date | null }>(
      'SELECT wake_at, ended_at FROM saga WHERE id = $1',
      [order.key],
    );
    expect(row).toMatchObject({ wake_at: null, ended_at: expect.any(Date) });
  });
});
