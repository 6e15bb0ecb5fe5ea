import { randomUUID } from 'node:crypto';
import type { OutgoingMessage } from '@saga/service-kit/broker';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { appendAudit } from '../adapters/postgres/audit.ts';
import { postgresDeadLetters } from '../adapters/postgres/dead-letters.ts';
import type { DeadLetterStatus, DeadLetterStore } from './dead-letters.ts';
import { deadLetterDecisions } from './decide-dead-letters.ts';
import { publishRedriven } from './publish-redriven.ts';

/** More than are published at a time. */
const MANY = 50;

const NUMBERED = `
  SELECT query FROM pg_stat_activity
  WHERE datname = current_database() AND backend_type = 'client backend' AND backend_xid IS NOT NULL`;

let pool: pg.Pool;
let database: Database;
let store: DeadLetterStore;
beforeAll(async () => {
  pool = createPool({
    url: await testDatabase('orchestrator'),
    maxConnections: 5,
    statementTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
  });
  database = postgresDatabase(pool);
  store = postgresDeadLetters(database);
});
afterAll(() => pool.end());

let published: string[];
beforeEach(() => {
  published = [];
});

const publish = async (messages: readonly OutgoingMessage[]): Promise<void> => {
  published.push(...messages.map(({ value }) => String(value)));
};
const replica = (through = publish) =>
  publishRedriven({ store, database, broker: { publish: through } }, new AbortController().signal);

/** Dead letters that an operator has just decided to redrive, in this order. */
async function redriving(values: readonly string[]): Promise<void> {
  const code = `CAUSE_${randomUUID()}`;
  await store.keep(
    values.map((value, index) => ({
      id: randomUUID(),
      service: 'product',
      topic: 'order-created',
      partition: 0,
      offset: String(index),
      key: 'key',
      headers: { ce_id: 'x' },
      value: Buffer.from(value),
      isWhole: true,
      code,
      message: '',
      failedAt: new Date(),
      sagaId: null,
      messageId: null,
    })),
  );
  const broker = { read: () => Promise.reject(new Error('everything was kept')) };
  const decisions = deadLetterDecisions({ store, appendAudit, database, broker, onRedriving: () => {} });
  await decisions.redriveMany({ code }, values.length, { by: 'kim', because: 'mended' });
}

const statuses = async (): Promise<DeadLetterStatus[]> => [
  ...new Set((await store.page({}, undefined, 1_000, 0)).map(({ status }) => status)),
];

test('what is redriven while the broker is away is published when it is back, in the order in which it failed', async () => {
  const values = Array.from({ length: MANY }, (_, index) => String(index));
  await redriving(values);
  await expect(replica(() => Promise.reject(new Error('the broker is away')))).rejects.toThrow('away');
  expect(await statuses()).toEqual(['REDRIVING']);
  await replica();
  expect(published).toEqual(values);
  expect(await statuses()).toEqual(['REDRIVEN']);
});

test('two replicas at once publish it once and in its order, and hold up no event while the broker hangs', async () => {
  const values = Array.from({ length: MANY }, (_, index) => String(index));
  await redriving(values);
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const first = replica(async (messages) => {
    begun.resolve();
    await gate.promise;
    await publish(messages);
  });
  await begun.promise;
  const numbered = await database.query(NUMBERED);
  await replica();
  gate.resolve();
  await first;
  expect(numbered, 'a transaction with a number holds up the stream of events').toEqual([]);
  expect(published).toEqual(values);
});
