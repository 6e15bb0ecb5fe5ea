import type { Message } from '@saga/messages/message';
import { type Clock, systemClock } from '@saga/service-kit/clock';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { createOutbox, type Outbox } from '@saga/service-kit/outbox';
import { delivered } from '@saga/testkit/message-builders';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import pino from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { postgresSagaQueries } from '../adapters/postgres/saga-queries.ts';
import { postgresSagaStore } from '../adapters/postgres/saga-store.ts';
import { allSagas } from '../sagas/all.ts';
import { fireTimers, type TimerOptions } from './fire-timers.ts';
import { messageHandler } from './message-handler.ts';
import { answer, orderCreated } from './saga-messages.fixture.ts';
import type { SagaStore } from './saga-store.ts';

const PATIENCE = { maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };
const MORE_THAN_A_CHUNK = 201;
const A_FEW = 50;
const HOUR_MS = 60 * 60 * 1_000;

let pool: pg.Pool;
let database: Database;
let outbox: Outbox;
let logged: { sagaId?: string; msg: string }[];
let rests: number[];
let options: TimerOptions;
beforeEach(async () => {
  pool = createPool({ url: await testDatabase('orchestrator'), ...PATIENCE });
  database = postgresDatabase(pool);
  logged = [];
  const logger = pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) });
  outbox = createOutbox({ database, broker: memoryBroker({ partitions: 1 }), logger: pino({ level: 'silent' }) });
  rests = [];
  const clock: Clock = { ...systemClock, pause: async (ms) => void rests.push(ms) };
  options = { registry: allSagas, store: lateBy(0), outbox, clock, inboxDays: 30, logger };
});
afterEach(async () => {
  await outbox.idle();
  await pool.end();
});

const handle = (...messages: Message[]) => handleOn(0, ...messages);

const handleOn = (partition: number, ...messages: Message[]) =>
  messageHandler(allSagas, postgresSagaStore, database).handle(
    messages.map((message) => ({ message, received: { ...delivered(message).received, partition } })),
  );

/** All of these sagas are due, or to be looked at, and their sending is long past its timeout. */
const makeDue = (ids: readonly string[], column: 'wake_at' | 'look_at' = 'wake_at') =>
  database.query(
    `UPDATE saga SET ${column} = now(), state = replace(state::text, '"next":{"at":', '"next":{"at":-')::json
     WHERE id = ANY($1::uuid[])`,
    [ids],
  );

/** Claims what is due as if it had been so for exactly so long. */
const lateBy = (ms: number): SagaStore => ({
  ...postgresSagaStore,
  claimDue: async (...asked) => {
    const claimed = await postgresSagaStore.claimDue(...asked);
    return claimed.due.size === 0 ? claimed : { ...claimed, dueSince: claimed.now - ms };
  },
});

test('a saga on which the engine fails is told of and put off; the others of its chunk go on', async () => {
  const [broken, sound] = [orderCreated(), orderCreated()];
  await handle(broken, sound);
  await makeDue([broken.key, sound.key]);
  await database.query(`UPDATE saga SET state = (state::jsonb - 'steps')::json WHERE id = $1`, [broken.key]);
  expect(await fireTimers(options)).toBe(2);
  expect(logged).toMatchObject([{ sagaId: broken.key, msg: expect.stringContaining('is put off') }]);
  const [row] = await database.query<{ later: boolean }>('SELECT wake_at > now() AS later FROM saga WHERE id = $1', [
    broken.key,
  ]);
  expect(row).toEqual({ later: true });
  const stored = await postgresSagaQueries(database).one(sound.key);
  expect(stored?.saga.steps.product).toMatchObject({ runs: [{ action: { silentSince: expect.any(Number) } }] });
});

/** More than a chunk, all of which wait for the same participant. */
async function waiting(): Promise<string[]> {
  const orders = Array.from({ length: MORE_THAN_A_CHUNK }, () => orderCreated());
  await handle(...orders);
  return orders.map(({ key }) => key);
}

test('a chunk of which nothing was sent, since all wait for a silent participant, is followed by a rest', async () => {
  const ids = await waiting();
  await makeDue(ids);
  expect(await fireTimers(options)).toBe(MORE_THAN_A_CHUNK);
  expect(rests, 'a few were probed').toEqual([]);
  await makeDue(ids);
  expect(await fireTimers(options)).toBe(MORE_THAN_A_CHUNK);
  expect(rests).toEqual([500]);
});

test('the later what is due, the shorter is the rest', async () => {
  await makeDue(await silent());
  await fireTimers({ ...options, store: lateBy(3_000) });
  expect(rests).toEqual([200]);
});

test('there is no rest while what is due is late: a retry may stand behind it', async () => {
  await makeDue(await silent());
  expect(await fireTimers({ ...options, store: lateBy(60_000) })).toBe(MORE_THAN_A_CHUNK);
  expect(rests).toEqual([]);
});

test('nor a look: those come after it', async () => {
  await makeDue((await silent()).slice(0, 2 * A_FEW), 'look_at');
  await makeDue(await waiting());
  expect(await fireTimers({ ...options, store: lateBy(60_000) })).toBe(MORE_THAN_A_CHUNK + 2 * A_FEW);
  expect(rests, 'after the second few').toEqual([500]);
});

test('those that wait for a silent participant are looked at a few at a time, and there is a rest after each chunk', async () => {
  await makeDue(await silent(), 'look_at');
  expect(await fireTimers(options)).toBe(MORE_THAN_A_CHUNK);
  expect(rests).toEqual([500, 500, 500, 500]);
});

test('looks that bring news are followed by the next ones at once: here a few probe', async () => {
  await makeDue(await silent(), 'look_at');
  await database.query('UPDATE topic_progress SET probing_since = 0');
  expect(await fireTimers(options)).toBe(MORE_THAN_A_CHUNK);
  expect(rests).toEqual([500, 500, 500]);
});

test('what is due never waits for looks, and what is sent to others does not hasten them', async () => {
  await makeDue(await silent(), 'look_at');
  const retried = orderCreated();
  const [command] = (await handleOn(1, retried)).publish;
  await handleOn(1, answer(command, { outcome: 'failed', reason: { code: 'X', message: 'disk' } }));
  await makeDue([retried.key]);
  const stopping = new AbortController();
  const pause: Clock['pause'] = async () => stopping.abort();
  let resent = 0;
  const noted = { ...options, clock: { ...systemClock, pause }, resent: (commands: number) => (resent += commands) };
  expect(await fireTimers(noted, stopping.signal), 'until the first rest').toBe(A_FEW + 1);
  expect(resent).toBe(1);
});

/** All of them have been seen to wait for it: it has been probed as often as may be, and nothing is due. */
async function silent(): Promise<string[]> {
  const ids = await waiting();
  await makeDue(ids);
  await fireTimers(options);
  return ids;
}

test('a stop ends the rest', async () => {
  const ids = await waiting();
  await makeDue(ids);
  await fireTimers(options);
  await makeDue(ids);
  const stopping = new AbortController();
  const pause: Clock['pause'] = (_ms, signal) => {
    stopping.abort();
    return systemClock.pause(HOUR_MS, signal);
  };
  expect(await fireTimers({ ...options, clock: { ...systemClock, pause } }, stopping.signal)).toBe(
    MORE_THAN_A_CHUNK - 1,
  );
});

test('a stop ends the run between two chunks, not in the middle of all that is due (trap 17)', async () => {
  await makeDue(await waiting());
  const stopping = new AbortController();
  const stopped: TimerOptions = {
    ...options,
    outbox: {
      ...outbox,
      transaction: (work) => {
        stopping.abort();
        return outbox.transaction(work);
      },
    },
  };
  expect(await fireTimers(stopped, stopping.signal)).toBe(MORE_THAN_A_CHUNK - 1);
  expect(await fireTimers(options)).toBe(1);
});
