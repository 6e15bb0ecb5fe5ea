import { decode, encode } from '@saga/messages/codec';
import { newOrderId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { allTopics } from '@saga/messages/topics';
import type { Broker, Consumer } from '@saga/service-kit/broker';
import { systemClock } from '@saga/service-kit/clock';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import { deliver } from '@saga/service-kit/deliver';
import { createHeldBack, type HeldBack } from '@saga/service-kit/held-back';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { messageRecorder } from '@saga/service-kit/message-recorder';
import { createMetrics } from '@saga/service-kit/metrics';
import { partitionOf } from '@saga/service-kit/partition-of';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import pino from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { readSaga } from '../adapters/postgres/read-sagas.ts';
import { postgresSagaStore } from '../adapters/postgres/saga-store.ts';
import { createRegistry, type Registry } from '../saga/registry.ts';
import { shipOrder } from '../sagas/ship-order.ts';
import { messageHandler } from './message-handler.ts';
import { orderCreated, success } from './saga-messages.fixture.ts';

const PARTITIONS = 4;
const PATIENCE = { timeout: 120_000, interval: 20 };
const POOL = { maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };
const SILENT = pino({ level: 'silent' });

/** What runs before the deployment, and what it brings: a new version, and a saga that is new altogether. */
const OLD = createRegistry([shipOrder]);
const NEW = createRegistry([shipOrder, { ...shipOrder, version: 2 }, { ...shipOrder, name: 'of-the-future' }]);

let pool: pg.Pool;
let database: Database;
beforeAll(async () => {
  pool = createPool({ url: await testDatabase('orchestrator'), ...POOL });
  database = postgresDatabase(pool);
});
afterAll(() => pool.end());

let broker: Broker;
let published: ReturnType<typeof messageRecorder>;
let consumers: Consumer[];
beforeEach(async () => {
  broker = memoryBroker({ partitions: PARTITIONS });
  await broker.createTopics(allTopics.map((name) => ({ name, compacted: false })));
  published = messageRecorder();
  consumers = [await broker.consume({ group: 'spectator', topics: allTopics, maxBatch: 1_000 }, published.handle)];
});
afterEach(async () => {
  for (const consumer of consumers) await consumer.stop();
});

type Replica = { heldBack: HeldBack; stop(): Promise<void> };

/** Joins the group of the orchestrator's replicas. */
async function replica(registry: Registry): Promise<Replica> {
  const handler = messageHandler(registry, postgresSagaStore, database);
  const { registry: metrics, delivery } = createMetrics('orchestrator', () => 0);
  const heldBack = createHeldBack({ registry: metrics, logger: SILENT });
  const handle = deliver({
    service: 'orchestrator',
    handler,
    broker,
    clock: systemClock,
    logger: SILENT,
    observer: delivery,
    inboxDays: 30,
    stopping: new AbortController().signal,
  });
  const subscription = { group: 'orchestrator', topics: handler.topics, maxBatch: 100 };
  const consumer = await broker.consume(subscription, heldBack.watch(handle));
  consumers.push(consumer);
  return { heldBack, stop: () => consumer.stop() };
}

const publish = (...messages: readonly Message[]) => broker.publish(messages.map(encode));
const decoded = () =>
  published.received.map((received) => {
    const read = decode(received);
    if (!read.ok) throw new Error(read.reason);
    return read.message;
  });
const commandsSent = () => decoded().filter(({ topic }) => topic === 'decrease-product-command');
const deadLetters = () => decoded().filter(({ topic }) => topic === 'dead-letter');
const definitionOf = async (orderId: string) => (await readSaga(database, orderId))?.saga.definition;
const eventually = (check: () => Promise<void>) => vi.waitFor(check, PATIENCE);

/** Its order id, and so all its messages, fall into this partition. */
function orderIn(partition: number, saga?: string): Message<'order-created'> {
  for (;;) {
    const orderId = newOrderId();
    if (partitionOf(orderId, PARTITIONS) === partition) return orderCreated(orderId, saga);
  }
}

describe('during a rolling deployment (trap 30)', () => {
  test('the old replica leaves orders of a saga that it does not know, and serves the other partitions', async () => {
    const old = await replica(OLD);
    const unknown = orderIn(0, 'of-the-future');
    const behind = orderIn(0);
    const others = [1, 2, 3].map((partition) => orderIn(partition));
    await publish(orderIn(0), unknown, behind, ...others);
    await eventually(async () => {
      for (const { key } of others) expect(await definitionOf(key)).toEqual({ name: 'ship-order', version: 1 });
      expect(old.heldBack.notice()).toBe(`1 partition waits for a definition of-the-future, e.g. ${unknown.key}`);
    });
    expect([await definitionOf(unknown.key), await definitionOf(behind.key)]).toEqual([undefined, undefined]);

    const successor = await replica(NEW);
    await old.stop();
    await eventually(async () => {
      expect(await definitionOf(unknown.key)).toEqual({ name: 'of-the-future', version: 1 });
      expect(await definitionOf(behind.key)).toMatchObject({ name: 'ship-order' });
    });
    expect(deadLetters()).toEqual([]);
    expect(successor.heldBack.notice()).toBeUndefined();
  });

  test('an order of a saga that nobody has learned within an hour is a dead letter, and holds up no partition', async () => {
    await replica(OLD);
    const misspelt = orderIn(0, 'plaice-order');
    misspelt.envelope.time = new Date(Date.now() - 61 * 60_000).toISOString();
    const behind = orderIn(0);
    await publish(misspelt, behind);
    await eventually(async () => expect(await definitionOf(behind.key)).toMatchObject({ name: 'ship-order' }));
    await eventually(async () => expect(deadLetters()).toHaveLength(1));
  });

  test('a saga that began on a new version goes on when a replica that knows it gets its partition', async () => {
    const first = await replica(NEW);
    const orders = [0, 1, 2, 3].map((partition) => orderIn(partition));
    await publish(...orders);
    await published.until(() => commandsSent().length === orders.length);
    await first.stop();

    const old = await replica(OLD);
    const ofTheOld = orderIn(2);
    await publish(ofTheOld, ...commandsSent().map(success));
    await eventually(async () => {
      expect(await definitionOf(ofTheOld.key)).toEqual({ name: 'ship-order', version: 1 });
      expect(old.heldBack.notice()).toContain('4 partitions wait for definition ship-order v2, e.g. ');
    });
    for (const { key } of orders) expect((await readSaga(database, key))?.saga.version).toBe(1);

    await replica(NEW);
    await old.stop();
    await eventually(async () => {
      for (const { key } of orders) expect((await readSaga(database, key))?.saga.version).toBe(2);
    });
    expect(deadLetters()).toEqual([]);
  });
});
