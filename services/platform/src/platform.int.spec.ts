import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newOrderId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Database } from '@saga/service-kit/database';
import { orderProcessed } from '@saga/testkit/message-builders';
import { replicaOf } from '@saga/testkit/participant-contract';
import { type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import { pino } from 'pino';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { platformService } from './app.ts';
import { claimDispatches, settleDispatches } from './dispatches.ts';
import { platformParticipant } from './participant.ts';
import { createSender } from './sender.ts';

const SECRET = `whsec_${Buffer.from('a secret of twenty-four bytes').toString('base64')}`;

let databaseUrl: string;
beforeAll(async () => {
  databaseUrl = await testDatabase('platform');
});

const orderOn = (completedAt: string, amounts = {}): Message<'order-processed'> =>
  orderProcessed({
    orderId: newOrderId(),
    saga: 'place-order',
    userId: 1,
    items: [{ productId: 1, quantity: 2, unitPrice: 300 }],
    couponId: 100,
    totalAmount: 600,
    discountAmount: 100,
    finalAmount: 500,
    paymentId: null,
    deliveryId: null,
    completedAt,
    ...amounts,
  });

describe('without a platform', () => {
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await serviceUnderTest(platformService, databaseUrl);
  });
  afterAll(() => service.close());

  const replica = () => replicaOf(platformParticipant({ dispatching: false }), service.database);
  const get = async (url: string) => (await service.app.inject(url)).json();

  test('orders are counted, each once, on the day on which they were completed', async () => {
    const [first, second] = [orderOn('2026-01-01T10:00:00Z'), orderOn('2026-01-01T23:59:59.999Z')];
    await replica().handle(first, second, first);
    await replica().handle(second, orderOn('2026-01-02T00:00:00Z'));
    expect(await get('/statistics?from=2026-01-01&to=2026-01-02')).toEqual({
      items: [
        { date: '2026-01-01', orders: 2, items: 4, totalAmount: 1_200, discountAmount: 200, finalAmount: 1_000 },
        { date: '2026-01-02', orders: 1, items: 2, totalAmount: 600, discountAmount: 100, finalAmount: 500 },
      ],
      nextCursor: null,
    });
  });

  test('orders are counted by several replicas at once, and none is lost', async () => {
    const batches = Array.from({ length: 10 }, () => Array.from({ length: 5 }, () => orderOn('2026-02-01T10:00:00Z')));
    await Promise.all(batches.map((batch) => replica().handle(...batch)));
    expect((await get('/statistics?from=2026-02-01&to=2026-02-01')).items).toMatchObject([{ orders: 50, items: 100 }]);
  });

  test('nothing is noted to be sent: nothing could ever come of it', async () => {
    const order = orderOn('2026-01-01T10:00:00Z');
    await replica().handle(order);
    expect(await get(`/dispatches?orderId=${order.key}`)).toEqual({ items: [], nextCursor: null });
  });

  test('days are listed in order, a page at a time, from one day to another', async () => {
    for (const day of ['03', '05', '04']) await replica().handle(orderOn(`2026-03-${day}T10:00:00Z`));
    const dates = ({ items }: { items: { date: string }[] }) => items.map(({ date }) => date);
    const page = await get('/statistics?from=2026-03-03&to=2026-03-05&limit=2');
    expect(dates(page)).toEqual(['2026-03-03', '2026-03-04']);
    expect(dates(await get(`/statistics?from=2026-03-03&to=2026-03-05&limit=2&cursor=${page.nextCursor}`))).toEqual([
      '2026-03-05',
    ]);
    expect(dates(await get('/statistics?from=2026-03-04&to=2026-03-04'))).toEqual(['2026-03-04']);
  });

  test.each([
    '/statistics?from=yesterday',
    '/statistics?to=2026-02-30',
    '/dispatches?orderId=1',
    '/dispatches?limit=0',
  ])('%s is refused', async (url) => {
    const response = await service.app.inject(url);
    expect([response.statusCode, response.json()]).toMatchObject([400, { code: 'INVALID_QUERY' }]);
  });
});

describe('with a platform', () => {
  let service: ServiceUnderTest;
  let platform: Server;
  let answer: RequestListener;
  let received: { headers: IncomingHttpHeaders; body: string }[];

  beforeEach(async () => {
    received = [];
    answer = (_request, response) => response.end();
    platform = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      answer(request, response);
    });
    await new Promise<void>((listening) => platform.listen(0, '127.0.0.1', listening));
    service = await start();
  });
  afterEach(async () => {
    await service.close();
    platform.closeAllConnections();
    await new Promise((closed) => platform.close(closed));
  });

  const start = (env: NodeJS.ProcessEnv = {}): Promise<ServiceUnderTest> =>
    serviceUnderTest(platformService, databaseUrl, {
      PLATFORM_WEBHOOK_URL: urlOf(platform),
      PLATFORM_WEBHOOK_SECRET: SECRET,
      PLATFORM_WEBHOOK_TIMEOUT_MS: '60000',
      PLATFORM_WEBHOOK_ATTEMPTS: '3',
      PLATFORM_WEBHOOK_FIRST_PAUSE_MS: '1',
      ...env,
    });
  const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`;
  const process = async (order = orderOn('2026-04-01T10:00:00Z')): Promise<Message<'order-processed'>> => {
    await replicaOf(platformParticipant({ dispatching: true }), service.database).handle(order);
    return order;
  };
  const dispatchOf = async ({ key }: Message) => {
    const response = await service.app.inject(`/dispatches?orderId=${key}`);
    return response.json().items[0];
  };
  const becomes = (order: Message, dispatch: object) => expect.poll(() => dispatchOf(order)).toMatchObject(dispatch);

  test('an order is sent to it, signed, as it was processed', async () => {
    const order = await process();
    await becomes(order, { status: 'SENT', attempts: 1, lastError: null, sentAt: expect.any(String) });
    expect(received).toHaveLength(1);
    const [request] = received;
    const headers = {
      'webhook-id': String(request?.headers['webhook-id']),
      'webhook-timestamp': String(request?.headers['webhook-timestamp']),
      'webhook-signature': String(request?.headers['webhook-signature']),
    };
    expect(new Webhook(SECRET).verify(request?.body ?? '', headers)).toEqual(order.body);
    expect(request?.headers['content-type']).toBe('application/json');
  });

  test('a refusal is followed by another attempt, under the same id', async () => {
    answer = (_request, response) => {
      response.statusCode = received.length < 3 ? 503 : 202;
      response.end();
    };
    const order = await process();
    await becomes(order, { status: 'SENT', attempts: 3 });
    expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set([`order-processed_${order.key}`]),
    );
  });

  test('after the last attempt the order is given up, and why is seen', async () => {
    answer = (_request, response) => {
      response.statusCode = 500;
      response.end('x'.repeat(1_000_000));
    };
    const order = await process();
    await becomes(order, {
      status: 'FAILED',
      attempts: 3,
      lastError: 'the platform answered 500 Internal Server Error',
      sentAt: null,
    });
    expect(received).toHaveLength(3);
  });

  test('a platform that does not answer is not waited for', async () => {
    answer = () => {};
    await service.close();
    service = await start({ PLATFORM_WEBHOOK_TIMEOUT_MS: '300' });
    const order = await process();
    await becomes(order, { status: 'FAILED', lastError: 'the platform did not answer within 300 ms' });
  });

  test('a stop does not wait for it, nor count it as failed: the order is sent again after the next start', async () => {
    answer = () => {};
    const order = await process();
    await expect.poll(() => received.length).toBe(1);
    await service.close();
    answer = (_request, response) => response.end();
    service = await start();
    await becomes(order, { status: 'SENT', attempts: 1 });
    expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  });

  test('an answer that takes long holds up no other order', async () => {
    const slow = orderOn('2026-04-01T10:00:00Z');
    const held = Promise.withResolvers<void>();
    answer = async (request, response) => {
      if (request.headers['webhook-id']?.includes(slow.key)) await held.promise;
      response.end();
    };
    await process(slow);
    await expect.poll(() => received.length).toBe(1);
    const others = Array.from({ length: 50 }, () => orderOn('2026-04-01T10:00:00Z'));
    await replicaOf(platformParticipant({ dispatching: true }), service.database).handle(...others);
    for (const order of others) await becomes(order, { status: 'SENT', attempts: 1 });
    held.resolve();
    await becomes(slow, { status: 'SENT' });
  });

  test('a redirect is not followed: the order would go elsewhere', async () => {
    answer = (_request, response) => response.writeHead(307, { location: urlOf(platform) }).end();
    const order = await process();
    await becomes(order, { status: 'FAILED', lastError: expect.stringContaining('307') });
    expect(received).toHaveLength(3);
  });

  test('a platform that is away is named', async () => {
    platform.closeAllConnections();
    await new Promise((closed) => platform.close(closed));
    const order = await process();
    await becomes(order, { status: 'FAILED', lastError: expect.stringContaining('ECONNREFUSED') });
  });

  test('more orders than are sent at once are all sent, each once', async () => {
    const orders = Array.from({ length: 50 }, () => orderOn('2026-04-01T10:00:00Z'));
    await replicaOf(platformParticipant({ dispatching: true }), service.database).handle(...orders);
    for (const order of orders) await becomes(order, { status: 'SENT', attempts: 1 });
    expect(received).toHaveLength(50);
  });
});

describe('dispatches', () => {
  let service: ServiceUnderTest;
  beforeAll(async () => {
    service = await serviceUnderTest(platformService, databaseUrl);
  });
  afterAll(() => service.close());

  const LEASE_MS = 60_000;
  const note = async (orders: number): Promise<void> => {
    const batch = Array.from({ length: orders }, () => orderOn('2026-05-01T10:00:00Z'));
    await replicaOf(platformParticipant({ dispatching: true }), service.database).handle(...batch);
  };
  const claim = (limit: number, leaseMs = LEASE_MS) => claimDispatches(service.database, limit, leaseMs);
  const statusOf = async (orderId: string) =>
    (await service.app.inject(`/dispatches?orderId=${orderId}`)).json().items[0]?.status;

  test('are claimed by one replica each, no more than asked for', async () => {
    await note(10);
    const claimed = (await Promise.all([claim(3), claim(3), claim(3), claim(3)])).flat();
    expect(new Set(claimed.map(({ orderId }) => orderId)).size).toBe(10);
    expect(claimed).toHaveLength(10);
    expect(await claim(1)).toEqual([]);
  });

  test('are claimed again when the replica that had them died', async () => {
    await note(1);
    const [lost] = await claim(1, 0);
    expect(await claim(1)).toEqual([{ ...lost, attempts: 2 }]);
  });

  test('of an attempt whose lease ran out are left to the attempt that followed it', async () => {
    await note(1);
    const [late] = await claim(1, 0);
    const [next] = await claim(1);
    if (!late || !next) throw new Error('nothing was claimed');
    await settleDispatches(service.database, [{ ...next, status: 'SENT' }]);
    await settleDispatches(service.database, [{ ...late, status: 'FAILED', error: 'too late' }]);
    expect(await statusOf(late.orderId)).toBe('SENT');
  });

  test('whose end could not be written down hold up no other, are told of and sent again', async () => {
    await note(3);
    let settled = 0;
    const database: Database = {
      ...service.database,
      query: async (statement, values) => {
        if (statement.includes('AS settled') && ++settled === 1) throw new Error('the connection is lost');
        return service.database.query(statement, values);
      },
    };
    const sent: string[] = [];
    const logged: string[] = [];
    const sender = createSender({
      database,
      send: async (id) => void sent.push(id),
      policy: { attempts: 3, firstPauseMs: 1, longestPauseMs: 1 },
      concurrency: 1,
      leaseMs: 0,
      metrics: { attempted: () => {} },
      logger: pino({}, { write: (line: string) => logged.push(line) }),
    });
    await sender(new AbortController().signal);
    expect([sent.length, new Set(sent).size]).toEqual([4, 3]);
    expect(logged.join()).toContain('the connection is lost');
  });
});

describe('the start is refused', () => {
  test.each([
    [
      'with a URL without a secret',
      { PLATFORM_WEBHOOK_URL: 'https://platform.example/orders' },
      'PLATFORM_WEBHOOK_SECRET is not set',
    ],
    [
      'with a secret that is too short',
      { PLATFORM_WEBHOOK_SECRET: 'whsec_c2hvcnQ=' },
      'PLATFORM_WEBHOOK_SECRET must be whsec_',
    ],
    [
      'with a secret that is no base64',
      { PLATFORM_WEBHOOK_SECRET: 'whsec_a secret of twenty-four bytes' },
      'PLATFORM_WEBHOOK_SECRET must be whsec_',
    ],
    [
      'with a URL that is none',
      { PLATFORM_WEBHOOK_URL: 'ftp://platform' },
      'PLATFORM_WEBHOOK_URL is "ftp://platform" and must be',
    ],
  ])('%s', async (_what, env, line) => {
    await expect(serviceUnderTest(platformService, databaseUrl, env)).rejects.toThrow(line);
  });
});
