import type { Message } from '@saga/messages/message';
import { delivered } from '@saga/testkit/message-builders';
import { type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { messageHandler } from '../../app/message-handler.ts';
import { orderCreated, success } from '../../app/saga-messages.fixture.ts';
import { orchestratorService } from '../../app.ts';
import { allSagas } from '../../sagas/all.ts';
import { postgresSagaEvents } from '../postgres/saga-events.ts';
import { postgresSagaStore } from '../postgres/saga-store.ts';

type Told = { id: string; sagaId: string; version: number; effect: string[]; message: { type: string } };

let service: ServiceUnderTest;
const streams: AbortController[] = [];
beforeAll(async () => {
  service = await serviceUnderTest(orchestratorService, await testDatabase('orchestrator'));
});
afterEach(() => {
  for (const stream of streams.splice(0)) stream.abort();
});
afterAll(() => service.close());

const handle = (...messages: Message[]) =>
  messageHandler(allSagas, postgresSagaStore, service.database).handle(messages.map((one) => delivered(one)));

async function opened(lastEventId?: string, { app } = service): Promise<Response> {
  const stream = new AbortController();
  streams.push(stream);
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  return fetch(`${app.listeningOrigin}/events`, { headers, signal: stream.signal });
}

/** Reads the stream until so many events have come; answers them and the first id. */
async function told(response: Response, events: number): Promise<{ first: string; events: Told[] }> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (eventsIn(text).length >= events) break;
  }
  return { first: /^id: (.*)$/m.exec(text)?.[1] ?? '', events: eventsIn(text) };
}

const eventsIn = (text: string): Told[] =>
  text
    .split('\n\n')
    .slice(0, -1)
    .flatMap((block) => {
      const [, id, data] = /^event: saga\nid: (.*)\ndata: (.*)$/.exec(block) ?? [];
      return data === undefined ? [] : [{ id, ...JSON.parse(data) }];
    });

test('every change of a saga is told, in the order in which it happened', async () => {
  const response = await opened();
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const order = orderCreated();
  const [decrease] = (await handle(order)).publish;
  await handle(success(decrease));
  const { events } = await told(response, 2);
  expect(events.map(({ sagaId, version, message }) => [sagaId, version, message.type])).toEqual([
    [order.key, 1, 'order-created'],
    [order.key, 2, 'product-decreased'],
  ]);
  expect(events[1]?.effect).toContain('product: SENT → SUCCEEDED');
});

test('who lost the stream resumes behind the last event that it has seen, or where it began', async () => {
  const { body } = await opened();
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
  const begun = /^id: (.*)$/m.exec((await reader?.read())?.value ?? '')?.[1];
  await reader?.cancel();
  const [first, second] = [orderCreated(), orderCreated()];
  await handle(first);
  await handle(second);
  const resumed = (await told(await opened(begun), 2)).events;
  expect(resumed.map(({ sagaId }) => sagaId)).toEqual([first.key, second.key]);
  const again = (await told(await opened(resumed[0]?.id), 1)).events;
  expect(again[0]?.sagaId).toBe(second.key);
});

const SAGA = '0190a8c0-0000-7000-8000-000000000000';

test.each([
  ['no id at all', 'nonsense'],
  ['a transaction beyond all numbers', `18446744073709551616.1.${SAGA}`],
  ['a version beyond all numbers', `5.2147483648.${SAGA}`],
  ['a transaction that this database has not begun', `18446744073709551615.1.${SAGA}`],
])('%s is a 400, which ends the client’s attempts', async (_what, id) => {
  const response = await opened(id);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'INVALID_HEADER' });
});

test('a transaction that commits late is not skipped: nothing is told that a later one could come before', async () => {
  const events = postgresSagaEvents(service.database);
  const start = await events.now();
  const [slow, quick] = [orderCreated(), orderCreated()];
  const isOpen = Promise.withResolvers<void>();
  const mayCommit = Promise.withResolvers<void>();
  const late = service.database.transaction(async (sql) => {
    const { now } = await postgresSagaStore.load(sql, [slow.key]);
    await sql.query('SELECT pg_current_xact_id()');
    isOpen.resolve();
    await mayCommit.promise;
    const entry = {
      sagaId: slow.key,
      seq: 1,
      at: now,
      incoming: { type: 'order-created', partition: 0, message: slow },
    };
    postgresSagaStore.save(sql, { changes: [], journal: [{ ...entry, effect: [], sent: [] }] as never, answered: [] });
  });
  await isOpen.promise;
  await handle(quick);
  expect(await events.after(start, 10), 'the one that is committed comes behind the one that is not').toEqual([]);
  mayCommit.resolve();
  await late;
  // Any transaction of the same PostgreSQL, of another test too, may keep them back for a while.
  await expect
    .poll(async () => (await events.after(start, 10)).map(({ sagaId }) => sagaId))
    .toEqual([slow.key, quick.key]);
});

test('events are in the order of their transactions’ numbers, page by page, where those get another digit', async () => {
  const events = postgresSagaEvents(service.database);
  const [first, second, third] = ['9', '10', '100'].map((txid) => ({ txid, order: orderCreated() }));
  for (const { txid, order } of [third, first, second] as { txid: string; order: Message }[]) {
    await handle(order);
    await service.database.query(`UPDATE journal SET txid = $2::text::xid8 WHERE saga_id = $1`, [order.key, txid]);
  }
  const told: string[] = [];
  let place = { txid: '0', sagaId: '00000000-0000-0000-0000-000000000000', version: 0 };
  for (let page = 0; page < 3; page += 1)
    for (const { at } of await events.after(place, 1)) {
      told.push(at.sagaId);
      place = at;
    }
  expect(told).toEqual([first, second, third].map((each) => each?.order.key));
});

test('the place of an event is found by the index, not by reading the journal', async () => {
  const plan = await service.database.transaction((sql) =>
    sql.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT 1 FROM journal WHERE txid >= '5'::xid8 ORDER BY txid, saga_id, seq LIMIT 500`,
    ),
  );
  expect(plan.map((row) => row['QUERY PLAN']).join('\n')).toContain('journal_txid_idx');
});

test('no more than sixty-four streams at a time, also when all come at once; the others are told when to come again', async () => {
  // Its own: a stream that was left holds its place for a moment.
  const own = await serviceUnderTest(orchestratorService, await testDatabase('orchestrator'));
  onTestFinished(() => own.close());
  const responses = await Promise.all(Array.from({ length: 70 }, () => opened(undefined, own)));
  expect(responses.filter(({ status }) => status === 200)).toHaveLength(64);
  const refused = responses.filter(({ status }) => status === 503);
  expect(refused).toHaveLength(6);
  expect(refused[0]?.headers.get('retry-after')).toBe('10');

  for (const stream of streams.splice(0)) stream.abort();
  await vi.waitFor(async () => expect((await opened(undefined, own)).status).toBe(200), { timeout: 60_000 });
});

test('a stop ends the streams', async () => {
  const own = await serviceUnderTest(orchestratorService, await testDatabase('orchestrator'));
  const response = await fetch(`${own.app.listeningOrigin}/events`);
  await own.close();
  await expect(response.text()).resolves.toContain('retry:');
});
