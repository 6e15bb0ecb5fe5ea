import type { Message } from '@saga/messages/message';
import { systemClock } from '@saga/service-kit/clock';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { createOutbox } from '@saga/service-kit/outbox';
import { delivered } from '@saga/testkit/message-builders';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readSaga } from '../adapters/postgres/read-sagas.ts';
import { postgresSagaQueries } from '../adapters/postgres/saga-queries.ts';
import { postgresSagaStore } from '../adapters/postgres/saga-store.ts';
import { lastRunOf, stateOf } from '../saga/state.ts';
import { allSagas } from '../sagas/all.ts';
import { fireTimers } from './fire-timers.ts';
import { answer, orderCreated, rejected, success } from './saga-messages.fixture.ts';
import { type SagasUnderTest, sagasUnderTest } from './sagas-in-postgres.fixture.ts';

const DAY_MS = 24 * 60 * 60_000;

let sagas: SagasUnderTest;
beforeAll(async () => {
  sagas = await sagasUnderTest();
});
beforeEach(async () => {
  for (const table of ['saga', 'journal', 'topic_progress', 'outbox']) await query(`DELETE FROM ${table}`);
});
afterEach(() => {
  vi.useRealTimers();
});
afterAll(() => sagas.close());

const query = <Row extends object>(statement: string, values: unknown[] = []) =>
  sagas.database.query<Row>(statement, values);
const handle = (...messages: Message[]) => sagas.handle(...messages);

/** Starts a saga on this partition; returns its first command. */
async function begin(order: Message<'order-created'>, partition = 0): Promise<Message | undefined> {
  const { message, received } = delivered(order);
  const { publish } = await sagas.replica().handle([{ message, received: { ...received, partition } }]);
  return publish[0];
}

/** Whatever it waits for was sent at the dawn of time, and is due. */
const makeDue = (...orders: Message[]) =>
  query(
    String.raw`UPDATE saga SET wake_at = now() - interval '1 second',
       state = regexp_replace(state::text, '("next":\{"at"|"sentAt"):\d+', '\1:1', 'g')::json
     WHERE id = ANY($1::uuid[])`,
    [orders.map(({ key }) => key)],
  );

async function wakeAt({ key }: Message): Promise<Date | null | undefined> {
  const [row] = await query<{ wake_at: Date | null }>('SELECT wake_at FROM saga WHERE id = $1', [key]);
  return row?.wake_at;
}

/** What is known of the command to the product service. */
async function decreaseOf({ key }: Message) {
  const saga = (await readSaga(sagas.database, key))?.saga;
  return saga && lastRunOf(stateOf(saga, 'product'))?.action;
}

/** One tick: what it sent, and how many sagas it woke. */
async function fire(): Promise<{ sent: Message[]; woken: number }> {
  const sent: Message[] = [];
  const broker = memoryBroker({ partitions: 1 });
  const outbox = createOutbox({ database: sagas.database, broker, logger: pino({ level: 'silent' }) });
  const woken = await fireTimers({
    registry: allSagas,
    store: postgresSagaStore,
    clock: systemClock,
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
  return { sent, woken };
}

describe('a timer', () => {
  test('that is late is told of, until it has fired', async () => {
    const late = async () => (await postgresSagaQueries(sagas.database).timersLate()).dueMs;
    const order = orderCreated();
    expect(await late(), 'there is none').toBe(0);
    await begin(order);
    expect(await late(), 'it is not due').toBe(0);
    await makeDue(order);
    expect(await late()).toBeGreaterThanOrEqual(1_000);
    await fire();
    expect(await late()).toBe(0);
  });

  test('that is late to look at a silent participant is told of apart', async () => {
    const late = () => postgresSagaQueries(sagas.database).timersLate();
    const order = orderCreated();
    await begin(order);
    await makeDue(order);
    await fire();
    expect(await late()).toEqual({ dueMs: 0, looksMs: 0 });
    await query(`UPDATE saga SET look_at = now() - interval '1 second'`);
    expect(await late()).toEqual({ dueMs: 0, looksMs: expect.toSatisfy((ms: number) => ms >= 1_000) });
  });

  test('does not fire before its time, and progress leaves the wake-up where it was', async () => {
    const order = orderCreated();
    const decrease = await begin(order);
    const before = await wakeAt(order);
    expect(await fire()).toEqual({ sent: [], woken: 0 });
    await handle(success(decrease));
    expect(await wakeAt(order)).toEqual(before);
  });

  test.each([
    ['ahead', DAY_MS],
    ['behind', -DAY_MS],
  ])('goes by the clock of the database where that of its replica is a day %s (trap 16)', async (_, skewMs) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + skewMs });
    const order = orderCreated();
    await begin(order);
    const [wakes] = await query(
      `SELECT wake_at BETWEEN now() - interval '2 hours' AND now() + interval '2 hours' AS soon FROM saga`,
    );
    expect(wakes).toEqual({ soon: true });
    expect(await fire(), 'before its time').toEqual({ sent: [], woken: 0 });
    await query('UPDATE saga SET wake_at = now()');
    expect(await fire(), 'woken too early').toEqual({ sent: [], woken: 1 });
    await makeDue(order);
    expect((await fire()).sent, 'in its time').toHaveLength(1);
  });

  test('sends a failed attempt again when its backoff is over, under the same id', async () => {
    const order = orderCreated();
    const decrease = await begin(order);
    await handle(answer(decrease, { outcome: 'failed', reason: { code: 'X', message: 'disk' } }));
    await makeDue(order);
    const { sent } = await fire();
    expect(sent).toMatchObject([{ envelope: { id: decrease?.envelope.id, attempt: 2 } }]);
    expect((await fire()).sent).toEqual([]);
  });

  test('lets the saga sleep until its next moment', async () => {
    const order = orderCreated();
    await begin(order);
    await makeDue(order);
    expect((await fire()).woken).toBe(1);
    expect((await fire()).woken).toBe(0);
    const look = (await decreaseOf(order))?.next?.at ?? Number.NaN;
    expect(await query('SELECT look_at, wake_at > look_at AS deadline FROM saga')).toEqual([
      { look_at: new Date(look), deadline: true },
    ]);
  });

  test('is not set any more once the saga has ended', async () => {
    const order = orderCreated();
    const [cancel] = (await handle(rejected(await begin(order)))).publish;
    await handle(success(cancel));
    const rows = await query('SELECT wake_at, ended_at FROM saga WHERE id = $1', [order.key]);
    expect(rows).toEqual([{ wake_at: null, ended_at: expect.any(Date) }]);
  });
});

describe('a silent participant (trap 11)', () => {
  test('is probed by a few sagas of a partition, not by all, and no more by the next tick', async () => {
    const orders = Array.from({ length: 20 }, () => orderCreated());
    await handle(...orders);
    await makeDue(...orders);
    const first = await fire();
    await makeDue(...orders);
    const second = await fire();
    expect([first.woken, second.woken]).toEqual([20, 20]);
    expect(first.sent.length).toBeGreaterThan(0);
    expect(first.sent.length + second.sent.length).toBeLessThanOrEqual(3);
    for (const { key } of orders) expect((await readSaga(sagas.database, key))?.saga.status).toBe('RUNNING');
  });

  test('is no news as long as it stays so: nothing of a saga that is looked at again is written but its wake-up', async () => {
    const orders = Array.from({ length: 4 }, () => orderCreated());
    await handle(...orders);
    for (let look = 1; look <= 2; look += 1) {
      await makeDue(...orders);
      await fire();
    }
    const journalAndState = () =>
      query('SELECT id, version, state::text, (SELECT count(*) FROM journal WHERE saga_id = id) FROM saga ORDER BY id');
    await makeDue(...orders);
    const before = await journalAndState();
    expect(await fire()).toEqual({ sent: [], woken: 4 });
    expect(await journalAndState()).toEqual(before);
    expect(await query('SELECT id FROM saga WHERE least(wake_at, look_at) > clock_timestamp()')).toHaveLength(4);
  });

  test('is one that has answered nothing later on this partition: there an attempt is used up, on others not', async () => {
    const [overtaken, later, elsewhere] = [orderCreated(), orderCreated(), orderCreated()];
    await begin(overtaken);
    await begin(elsewhere, 1);
    await handle(success(await begin(later)));
    await makeDue(overtaken, elsewhere);
    await fire();
    expect(await decreaseOf(overtaken)).toMatchObject({ used: 1, next: { why: 'backoff' } });
    expect(await decreaseOf(elsewhere)).toMatchObject({ used: 0, next: { why: 'silent' } });
  });
});
