import { newOrderId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { createOutbox, type Outbox } from '@saga/service-kit/outbox';
import { Problem } from '@saga/service-kit/problem';
import { delivered } from '@saga/testkit/message-builders';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { appendAudit, postgresAuditQueries } from '../adapters/postgres/audit.ts';
import { postgresSagaQueries } from '../adapters/postgres/saga-queries.ts';
import { postgresSagaStore } from '../adapters/postgres/saga-store.ts';
import type { Act } from '../saga/incoming.ts';
import type { Saga } from '../saga/state.ts';
import { allSagas } from '../sagas/all.ts';
import { messageHandler } from './message-handler.ts';
import { type OperateOptions, operate, previewOf } from './operate.ts';
import { cancelRequest, orderCreated, rejected, success } from './saga-messages.fixture.ts';

const PATIENCE = { maxConnections: 5, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 };
const ADA = { actor: 'ada', reason: 'ticket 4711' };

let pool: pg.Pool;
let database: Database;
let outbox: Outbox;
let options: OperateOptions;
beforeAll(async () => {
  pool = createPool({ url: await testDatabase('orchestrator'), ...PATIENCE });
  database = postgresDatabase(pool);
  outbox = createOutbox({ database, broker: memoryBroker({ partitions: 1 }), logger: pino({ level: 'silent' }) });
  options = { registry: allSagas, store: postgresSagaStore, outbox, appendAudit, inboxDays: 30 };
});
afterAll(async () => {
  await outbox.idle();
  await pool.end();
});

const handle = (...messages: Message[]) =>
  messageHandler(allSagas, postgresSagaStore, database).handle(messages.map((message) => delivered(message)));

async function stored(id: string): Promise<Saga> {
  return (await postgresSagaQueries(database).one(id))?.saga ?? expect.unreachable(`there is no saga ${id}`);
}

async function act(id: string, what: Act, expectedVersion?: number): Promise<Saga> {
  const by = { ...ADA, expectedVersion: expectedVersion ?? (await stored(id)).version };
  return (await operate(options, id, what, by)).saga;
}

/** Why it was refused. */
const refusal = async (acting: Promise<unknown>): Promise<Problem> => {
  const error = await acting.then(
    () => expect.unreachable('it was taken'),
    (reason: unknown) => reason,
  );
  return error instanceof Problem ? error : expect.unreachable(String(error));
};

describe('an operator’s action', () => {
  test('is saved with its journal row, its audit entry and what it sends, as one', async () => {
    const order = orderCreated();
    await handle(order);
    const saga = await act(order.key, { action: 'compensate' });
    expect(saga).toMatchObject({ status: 'COMPENSATING', failure: { code: 'CANCELLED_BY_OPERATOR' } });
    expect(await stored(order.key)).toEqual(saga);
    const history = await postgresSagaQueries(database).history(order.key, 0, 10);
    expect(history[0]).toMatchObject({ messageType: 'order-created', actor: null, reason: null });
    expect(history.at(-1)).toMatchObject({
      seq: 2,
      messageType: 'operator-compensate',
      ...ADA,
      effect: ['saga: RUNNING → COMPENSATING (CANCELLED_BY_OPERATOR)', 'product: SENT → COMPENSATING'],
      sent: [{ topic: 'restore-product-command' }],
    });
    expect(await postgresAuditQueries(database).page({ target: order.key }, undefined, 10)).toMatchObject([
      { ...ADA, action: 'compensate', target: { kind: 'saga', id: order.key }, detail: { version: 2 } },
    ]);
  });

  test('on a version that the saga has left behind is a 409, and changes nothing (trap 20)', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const { version } = await stored(order.key);
    await handle(success(decrease));
    const before = await stored(order.key);
    const problem = await refusal(act(order.key, { action: 'pause' }, version));
    expect(problem).toMatchObject({ status: 409, code: 'STALE_VERSION' });
    expect(problem.message).toContain(`saga ${order.key} is at version 2, not 1`);
    expect(await stored(order.key)).toEqual(before);
    expect(await postgresAuditQueries(database).page({ target: order.key }, undefined, 10)).toEqual([]);
  });

  test('of two at once on the same version, one wins (trap 20)', async () => {
    const order = orderCreated();
    await handle(order);
    const both = await Promise.allSettled([
      act(order.key, { action: 'pause' }, 1),
      act(order.key, { action: 'compensate' }, 1),
    ]);
    const lost = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
    expect(lost).toMatchObject([{ status: 409 }]);
    expect((await stored(order.key)).version).toBe(2);
  });

  test('that races with a cancellation by the customer and with a fact leaves one outcome, and all is undone', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    await Promise.allSettled([
      act(order.key, { action: 'compensate' }, 1),
      handle(cancelRequest(order.key)),
      handle(success(decrease)),
    ]);
    const { status, failure } = await stored(order.key);
    expect(status).toBe('COMPENSATING');
    expect(['CANCELLED_BY_OPERATOR', 'CANCELLED_BY_CUSTOMER']).toContain(failure?.code);
  });

  test('that is not possible is a 422 that says what is', async () => {
    const order = orderCreated();
    await handle(order);
    const problem = await refusal(act(order.key, { action: 'skip', step: 'product' }));
    expect(problem).toMatchObject({ status: 422, code: 'NOT_ALLOWED' });
    expect(problem.message).toBe(
      `skip of step product is not possible: saga ${order.key} is RUNNING. Possible now: compensate, pause`,
    );
    expect(problem.extensions).toEqual({ allowed: [{ action: 'compensate' }, { action: 'pause' }] });
  });

  test('is told that nothing is possible where the saga has ended', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [cancel] = (await handle(rejected(decrease))).publish;
    await handle(success(cancel));
    const problem = await refusal(act(order.key, { action: 'compensate' }));
    expect(problem.message).toMatch(/is COMPENSATED\. Nothing is possible now$/);
  });

  test('has a preview that says what it sends, and what is undone after that', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    await handle(success(decrease));
    const { sends, undoneLater } = await previewOf(options, order.key, { action: 'compensate' });
    expect(sends.map(({ topic }) => topic)).toEqual(['cancel-delivery-command']);
    expect(undoneLater).toEqual([
      { step: 'product', command: 'restore-product-command' },
      { step: 'order', command: 'cancel-order-command' },
    ]);
    expect((await previewOf(options, order.key, { action: 'pause' })).undoneLater).toEqual([]);
  });

  test('on an order that is not known is a 404', async () => {
    expect(await refusal(act(newOrderId(), { action: 'pause' }, 1))).toMatchObject({ status: 404 });
    const early = orderCreated();
    await handle(cancelRequest(early.key));
    expect(await refusal(act(early.key, { action: 'pause' }, 1))).toMatchObject({ status: 404 });
  });

  test('a pause takes the saga off the clock, and resuming puts it back', async () => {
    const order = orderCreated();
    await handle(order);
    const wakeAt = async () =>
      (
        await database.query<{ wakeAt: Date | null }>('SELECT wake_at AS "wakeAt" FROM saga WHERE id = $1', [order.key])
      )[0]?.wakeAt;
    await act(order.key, { action: 'pause' });
    expect(await wakeAt()).toBe(null);
    const { steps } = await act(order.key, { action: 'resume' });
    expect(steps.product).toMatchObject({ runs: [{ action: { attempt: 2 } }] });
    expect(await wakeAt()).toBeInstanceOf(Date);
  });

  test('an edited input must be what the command says, without the order’s id', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [create] = (await handle(success(decrease))).publish;
    const [complete] = (await handle(success(create))).publish;
    await handle(rejected(complete));
    const retry = (input: Record<string, unknown>) => act(order.key, { action: 'retry', step: 'complete', input });
    const problem = await refusal(retry({ paymentId: 7, orderId: order.key }));
    expect(problem.errors?.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/input/paymentId', 'INVALID_TYPE'],
      ['/input/deliveryId', 'REQUIRED'],
      ['/input/orderId', 'UNKNOWN_FIELD'],
    ]);
    const saga = await retry({ paymentId: null, deliveryId: null });
    expect(saga.steps.complete).toMatchObject({ status: 'SENT', runs: [{}, { input: { paymentId: null } }] });
  });

  test('an input without a step is told that it needs one', async () => {
    const order = orderCreated();
    await handle(order);
    const problem = await refusal(act(order.key, { action: 'retry', input: {} }));
    expect(problem.errors).toMatchObject([{ pointer: '/step', code: 'REQUIRED' }]);
  });
});
