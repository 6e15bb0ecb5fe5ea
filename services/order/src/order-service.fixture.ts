import { decode, encode } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import { allTopics, isStateTopic } from '@saga/messages/topics';
import type { Broker } from '@saga/service-kit/broker';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import type { HttpApp } from '@saga/service-kit/http-app';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { startService } from '@saga/service-kit/start-service';
import { pino } from 'pino';
import { expect, vi } from 'vitest';
import { orderService } from './app.ts';
import { accountChanged, couponChanged, productChanged } from './order-messages.fixture.ts';
import { type OrderView, orderView, type PlacedView, placedView } from './order-view.ts';

/** The order service on a real database and a broker in memory, reached over HTTP as a client would. */
export interface OrderServiceUnderTest {
  readonly url: string;
  readonly app: HttpApp;
  /** As the service sees it: to look, and to break. */
  readonly database: Database;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Places an order and expects 202. */
  place(body?: object, headers?: Record<string, string>): Promise<PlacedView>;
  order(orderId: string, headers?: Record<string, string>): Promise<OrderView>;
  /** Sends what the orchestrator or another service would. */
  send(...messages: Message[]): Promise<void>;
  /** What the service has published for an order so far. */
  published(orderId: string): readonly Message[];
  ready(): Promise<void>;
  /** While it is away, the broker neither takes nor tells anything. */
  brokerIs(state: 'here' | 'away'): void;
  stop(): Promise<void>;
}

export type Answer = { status: number; headers: Headers; text: string; json: unknown };

/** Two of product 1, which costs 10000, for user 1. */
export const ORDER = { userId: 1, items: [{ productId: 1, quantity: 2 }] };

const CATALOGUE = [
  productChanged(1, 10_000),
  productChanged(2, 250),
  productChanged(3, Number.MAX_SAFE_INTEGER),
  accountChanged(1, 'user-1'),
  accountChanged(2, 'user-2'),
  couponChanged(100),
  couponChanged(200, { userId: 2 }),
];

const PARTITIONS = 3;
const PATIENCE = { timeout: 30_000, interval: 20 };

export type UnderTestOptions = {
  /** Settings that differ from the defaults. */
  env?: Record<string, string>;
  brokerIs?: 'here' | 'away';
  catalogue?: readonly Message[];
};

export async function startOrderService(
  databaseUrl: string,
  { env = {}, catalogue = CATALOGUE, brokerIs = 'here' }: UnderTestOptions = {},
): Promise<OrderServiceUnderTest> {
  const memory = memoryBroker({ partitions: PARTITIONS });
  let away = brokerIs === 'away';
  const whenHere = <Result>(act: () => Promise<Result>): Promise<Result> =>
    away ? Promise.reject(new Error('the broker is away')) : act();
  const broker: Broker = {
    ...memory,
    createTopics: (topics) => whenHere(() => memory.createTopics(topics)),
    publish: (messages) => whenHere(() => memory.publish(messages)),
    lag: (group, topics) => whenHere(() => memory.lag(group, topics)),
    check: () => whenHere(() => memory.check()),
    consume: (subscription, handle) => whenHere(() => memory.consume(subscription, handle)),
  };

  await memory.createTopics(allTopics.map((name) => ({ name, compacted: isStateTopic(name) })));
  const published: Message[] = [];
  const spectator = await memory.consume({ group: 'spectator', topics: SEEN, maxBatch: 1_000 }, async (batch) => {
    for (const received of batch) {
      const decoded = decode(received);
      if (!decoded.ok) throw new Error(decoded.reason);
      published.push(decoded.message);
    }
    return [];
  });
  await memory.publish(catalogue.map(encode));

  const service = await startService(orderService, {
    env: { DATABASE_URL: databaseUrl, PORT: '0', ...env },
    broker,
    logger: pino({ level: 'silent' }),
  });
  const pool = createPool({ url: databaseUrl, maxConnections: 2, statementTimeoutMs: 10_000, connectTimeoutMs: 5_000 });
  pool.on('error', () => {}); // a test may cut connections

  const request: OrderServiceUnderTest['request'] = async (method, path, body, headers = {}) => {
    const sent =
      body === undefined
        ? { headers }
        : {
            headers: { 'content-type': 'application/json', ...headers },
            body: typeof body === 'string' ? body : JSON.stringify(body),
          };
    const response = await fetch(new URL(path, service.url), { method, ...sent });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
  };

  return {
    url: service.url,
    app: service.app,
    database: postgresDatabase(pool),
    request,
    place: async (body = ORDER, headers = {}) => {
      const { status, json, text } = await request('POST', '/orders', body, headers);
      expect(status, text).toBe(202);
      return placedView.parse(json);
    },
    order: async (orderId, headers = {}) => {
      const { status, json, text } = await request('GET', `/orders/${orderId}`, undefined, headers);
      expect(status, text).toBe(200);
      return orderView.parse(json);
    },
    send: (...messages) => memory.publish(messages.map(encode)),
    published: (orderId) => published.filter((message) => message.key === orderId),
    ready: () =>
      vi.waitFor(async () => {
        const { status, text } = await request('GET', '/health/ready');
        expect(status, text).toBe(200);
      }, PATIENCE),
    brokerIs: (state) => {
      away = state === 'away';
    },
    stop: async () => {
      await service.stop();
      await spectator.stop();
      await pool.end();
    },
  };
}

/** What the order service publishes, and the dead letters. */
const SEEN = [
  'order-created',
  'order-completed',
  'order-cancelled',
  'order-processed',
  'order-cancel-requested',
  'dead-letter',
] as const;

/** What happens by itself, sooner or later. */
export const eventually = <Result>(check: () => Result | Promise<Result>): Promise<Result> =>
  vi.waitFor(check, PATIENCE);
