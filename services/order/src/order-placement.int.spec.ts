import { newOrderId } from '@saga/messages/ids';
import type { Database } from '@saga/service-kit/database';
import { once } from '@saga/service-kit/idempotency';
import { memoryBroker } from '@saga/service-kit/memory-broker';
import { createOutbox } from '@saga/service-kit/outbox';
import { expectReadsByKey } from '@saga/testkit/reads-by-key-contract';
import { testDatabase } from '@saga/testkit/test-database';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { productChanged, TRACEPARENT } from './order-messages.fixture.ts';
import { createOrderPlacement } from './order-placement.ts';
import {
  type Answer,
  eventually,
  ORDER,
  type OrderServiceUnderTest,
  startOrderService,
} from './order-service.fixture.ts';
import type { OrderRequest } from './place-order.ts';

const AT_ONCE = 40;
const REQUEST: OrderRequest = {
  saga: 'place-order',
  userId: 1,
  items: [{ productId: 1, quantity: 2, price: null }],
  couponId: null,
  shipTo: null,
};

let shop: OrderServiceUnderTest;
let replica: OrderServiceUnderTest;
beforeAll(async () => {
  const databaseUrl = await testDatabase('order');
  shop = await startOrderService(databaseUrl);
  replica = await startOrderService(databaseUrl);
  await Promise.all([shop.ready(), replica.ready()]);
});
afterAll(() => Promise.all([shop.stop(), replica.stop()]));
beforeEach(async () => {
  for (const table of ['orders', 'inbox', 'idempotency']) await shop.database.query(`DELETE FROM ${table}`);
});

const post = (body: unknown, headers?: Record<string, string>, at = shop) =>
  at.request('POST', '/orders', body, headers);
const many = <Result>(act: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, (_, index) => act(index)));
const orders = async (): Promise<number> => (await shop.database.query('SELECT 1 FROM orders')).length;

/** All connections to this database but the one that asks. */
const CUT_CONNECTIONS = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()`;
const CUTS = 12;

it('an order costs the answers under its own key, however many others there are', async () => {
  let key = 0;
  const placeOn = (database: Database) => {
    const outbox = createOutbox({
      database,
      broker: memoryBroker({ partitions: 1 }),
      logger: pino({ level: 'silent' }),
    });
    const placement = createOrderPlacement({ outbox, announceAfterMs: 60_000 });
    key += 1;
    return placement.place({
      orderId: newOrderId(),
      traceparent: TRACEPARENT,
      createdAt: new Date(),
      request: REQUEST,
      once: once('scope', `key ${key}`, REQUEST),
    });
  };
  await expectReadsByKey({
    database: shop.database,
    others: (count) => Promise.all(Array.from({ length: count }, () => placeOn(shop.database))),
    one: placeOn,
  });
});

describe('the same request many times at once (trap 8)', () => {
  it('without an Idempotency-Key is as many orders', async () => {
    const answers = await many(() => post(ORDER));
    expect(answers.map(({ status }) => status)).toEqual(Array(AT_ONCE).fill(202));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(AT_ONCE);
    expect(await orders()).toBe(AT_ONCE);
  });

  it('with one is one order, and everybody gets its answer', async () => {
    const answers = await many(() => post(ORDER, { 'idempotency-key': 'once' }));
    expect(answers.map(({ status }) => status)).toEqual(Array(AT_ONCE).fill(202));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(await orders()).toBe(1);
  });

  it('with one, on two replicas, is one order', async () => {
    const keys = ['a', 'b', 'c', 'd'];
    const answers = await many((index) => {
      const key = `two replicas ${keys[index % keys.length]}`;
      return post(ORDER, { 'idempotency-key': key, host: 'shop' }, index % 3 === 0 ? replica : shop);
    });
    expect(answers.map(({ status }) => status)).toEqual(Array(AT_ONCE).fill(202));
    expect(new Set(answers.map(({ headers }) => headers.get('location'))).size).toBe(keys.length);
    expect(await orders()).toBe(keys.length);
  });
});

describe('an Idempotency-Key', () => {
  const key = (value: string) => ({ 'idempotency-key': value });

  it('means the same request however it is written', async () => {
    const first = await post('{"userId":1,"items":[{"productId":1,"quantity":2,"price":10000}]}', key('form'));
    const again = await post('{ "price": 10000, "quantity": 2, "productId": 1, "userId": 1 }', key('form'));
    expect([first.status, again.status, again.text]).toEqual([202, 202, first.text]);
  });

  it('answers what was answered, whatever has become of the order', async () => {
    const first = await post(ORDER, key('ended'));
    await shop.database.query(`UPDATE orders SET status = 'CANCELLED'`);
    expect((await post(ORDER, key('ended'))).text).toBe(first.text);
  });

  it('that came with another request before is refused, and nothing changes', async () => {
    await post(ORDER, key('reused'));
    const other = await post({ userId: 1, items: [{ productId: 1, quantity: 3 }] }, key('reused'));
    expect(other.json).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await orders()).toBe(1);
  });

  it("is its caller's own", async () => {
    const [one, two] = [await post(ORDER, key('mine')), await post({ ...ORDER, userId: 2 }, key('mine'))];
    expect([one.status, two.status]).toEqual([202, 202]);
    expect(await orders()).toBe(2);
  });

  it('of a refused request may come again', async () => {
    const body = { userId: 1, items: [{ productId: 77, quantity: 1 }] };
    expect((await post(body, key('refused'))).json).toMatchObject({ code: 'PRODUCT_UNKNOWN' });
    await shop.send(productChanged(77, 100));
    await eventually(async () => expect((await post(body, key('refused'))).status).toBe(202));
    expect(await orders()).toBe(1);
  });

  it.each(['', 'x'.repeat(256)])('must be of use: %j is not', async (value) => {
    expect((await post(ORDER, key(value))).json).toMatchObject({ status: 400, code: 'INVALID_HEADER' });
  });
});

describe('an order and its announcement', () => {
  const rows = () =>
    shop.database.query(`
      SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM inbox) AS inbox,
             (SELECT count(*) FROM idempotency) AS idempotency`);

  it('are saved together or not at all', async () => {
    await shop.database.query('ALTER TABLE outbox ADD CONSTRAINT refused CHECK (false) NOT VALID');
    const answers = await many((index) => post(ORDER, { 'idempotency-key': `atomic ${index}` }));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([500]));
    expect(await rows()).toEqual([{ orders: 0, inbox: 0, idempotency: 0 }]);

    await shop.database.query('ALTER TABLE outbox DROP CONSTRAINT refused');
    const again = await many((index) => post(ORDER, { 'idempotency-key': `atomic ${index}` }));
    expect(new Set(again.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await rows()).toEqual([{ orders: AT_ONCE, inbox: AT_ONCE, idempotency: AT_ONCE }]);
  });

  it('are not harmed by another that the database refuses', async () => {
    await shop.database.query('ALTER TABLE orders ADD CONSTRAINT refused CHECK (user_id <> 2) NOT VALID');
    const answers = await many((index) => post({ ...ORDER, userId: index % 10 === 0 ? 2 : 1 }));
    await shop.database.query('ALTER TABLE orders DROP CONSTRAINT refused');
    expect(answers.map(({ status }) => status)).toEqual(
      Array.from({ length: AT_ONCE }, (_, index) => (index % 10 === 0 ? 500 : 202)),
    );
    expect(await orders()).toBe(AT_ONCE - AT_ONCE / 10);
  });

  it('stand once, though connections are cut in the middle', async () => {
    let answered = 0;
    let placed = 0;
    const cutting = (async () => {
      for (let cut = 0; cut < CUTS && placed < AT_ONCE; cut += 1) {
        const before = answered;
        await shop.database.query(CUT_CONNECTIONS);
        await expect.poll(() => answered > before || placed === AT_ONCE, { interval: 1 }).toBe(true);
      }
    })();
    const answers = await many(async (index) => {
      for (;;) {
        const answer = await post(ORDER, { 'idempotency-key': `cut ${index}` });
        answered += 1;
        if (answer.status === 202) {
          placed += 1;
          return answer;
        }
        expect(answer.status).toBe(503);
      }
    });
    await cutting;
    expect(new Set(answers.map(({ headers }) => headers.get('location'))).size).toBe(AT_ONCE);
    expect(await orders()).toBe(AT_ONCE);
  });
});

describe('an order whose commit was not heard of', () => {
  /** The first transaction is committed, but the connection is lost before the answer. */
  function deafOnce(database: Database): Database {
    let deaf = true;
    return {
      ...database,
      transaction: async (work) => {
        const result = await database.transaction(work);
        if (!deaf) return result;
        deaf = false;
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      },
    };
  }

  it.each([undefined, 'a key'])('is not placed twice (Idempotency-Key: %s)', async (key) => {
    const broker = memoryBroker({ partitions: 1 });
    await broker.createTopics([{ name: 'order-created', compacted: false }]);
    const outbox = createOutbox({ database: deafOnce(shop.database), broker, logger: pino({ level: 'silent' }) });
    const placement = createOrderPlacement({ outbox, announceAfterMs: 60_000 });
    const orderId = newOrderId();

    const outcome = await placement.place({
      orderId,
      traceparent: TRACEPARENT,
      createdAt: new Date(),
      request: REQUEST,
      once: once('scope', key, REQUEST),
    });

    expect(outcome).toMatchObject({ outcome: 'placed', order: { orderId, totalAmount: 20_000 } });
    expect(await orders()).toBe(1);
  });
});

describe('while the broker is away', () => {
  it('orders are accepted up to the outbox limit, then refused with a time to come again (trap 10)', async () => {
    const small = await startOrderService(await testDatabase('order'), { env: { OUTBOX_LIMIT: '3' } });
    await small.ready();
    small.brokerIs('away');
    const answers = [];
    for (let index = 0; index < 5; index += 1)
      answers.push(await post(ORDER, { 'idempotency-key': `away ${index}`, host: 'shop' }, small));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 503, 503]);
    expect(answers.at(-1)?.headers.get('retry-after')).toBe('2');
    expect((await small.request('GET', '/health/ready')).json).toMatchObject({
      status: 503,
      detail: 'the outbox is full',
    });

    const replayed = await post(ORDER, { 'idempotency-key': 'away 1', host: 'shop' }, small);
    expect([replayed.status, replayed.text], 'what was answered is answered again').toEqual([202, answers[1]?.text]);
    const reused = await post({ ...ORDER, couponId: 100 }, { 'idempotency-key': 'away 1' }, small);
    expect(reused.json).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
    expect((await post(ORDER, {}, small)).status, 'without a key, it is a new order').toBe(503);

    small.brokerIs('here');
    await small.ready();
    for (const answer of answers.slice(0, 3)) {
      const orderId = answer.headers.get('location')?.split('/').at(-1) ?? '';
      await eventually(() => expect(small.published(orderId).map(({ topic }) => topic)).toContain('order-created'));
    }
    await small.stop();
  });
});

describe('while the database stands still', () => {
  const LIMIT = 10;
  const POSTS = 40;
  const seed004 = {
    items: [{ productId: 1, quantity: 1 }],
    recipientName: 'A',
    shippingAddress: 'B',
    shippingPhone: '010-1234-5678',
  };

  it.each([
    ['/orders', ORDER],
    ['/api/orders/choreography/user-1', seed004],
  ])('%s lets in as many as may wait, and refuses the others at once (trap 10)', async (path, body) => {
    const small = await startOrderService(await testDatabase('order'), { env: { INTAKE_LIMIT: String(LIMIT) } });
    await small.ready();
    const locked = Promise.withResolvers<void>();
    const goesOn = Promise.withResolvers<void>();
    const standstill = small.database.transaction(async (sql) => {
      await sql.query('LOCK TABLE accounts IN ACCESS EXCLUSIVE MODE');
      locked.resolve();
      await goesOn.promise;
    });
    await locked.promise;

    const answered: Answer[] = [];
    const othersAnswered = Promise.withResolvers<void>();
    const posts = Array.from({ length: POSTS }, async () => {
      answered.push(await small.request('POST', path, body));
      if (answered.length === POSTS - LIMIT) othersAnswered.resolve();
    });
    await othersAnswered.promise;
    const meanwhile = answered.map(({ status, headers }) => `${status} ${headers.get('retry-after')}`);
    goesOn.resolve();
    await Promise.all([standstill, ...posts]);

    expect(meanwhile).toEqual(Array(POSTS - LIMIT).fill('503 2'));
    expect(answered.slice(POSTS - LIMIT).map(({ status }) => status)).toEqual(Array(LIMIT).fill(202));
    expect(await small.database.query('SELECT 1 FROM orders')).toHaveLength(LIMIT);
    expect((await small.request('POST', path, body)).status, 'and room is made again').toBe(202);
    await small.stop();
  });
});
