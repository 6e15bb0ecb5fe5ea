import { newOrderId } from '@saga/messages/ids';
import type { OrderItem } from '@saga/messages/values';
import { action, compensation, orderProcessed } from '@saga/testkit/message-builders';
import { outcomes, participantContract, reasons, replicaOf } from '@saga/testkit/participant-contract';
import { readsByKeyContract } from '@saga/testkit/reads-by-key-contract';
import { bodiesOf, type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { productService } from './app.ts';
import { productParticipant } from './participant.ts';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await serviceUnderTest(productService, await testDatabase('product'));
});
afterAll(() => service.close());

const post = (url: string, payload: object, headers = {}) =>
  service.app.inject({ method: 'POST', url, payload, headers });
const get = async (url: string) => (await service.app.inject(url)).json();

const PRICE = 300;
/** A product of its own for each test. */
async function newProduct(stock: number): Promise<number> {
  const response = await post('/products', { name: 'pen', price: PRICE, stock });
  return response.json().productId;
}
const itemsOf = (...quantities: [productId: number, quantity: number][]): OrderItem[] =>
  quantities.map(([productId, quantity]) => ({ productId, quantity, unitPrice: PRICE }));
const decrease = (items: OrderItem[]) => action('decrease-product-command', { orderId: newOrderId(), items });
const processed = (items: OrderItem[], orderId: string) =>
  orderProcessed({
    orderId,
    saga: 'place-order',
    userId: 1,
    items,
    couponId: null,
    totalAmount: 0,
    discountAmount: 0,
    finalAmount: 0,
    paymentId: null,
    deliveryId: null,
    completedAt: new Date().toISOString(),
  });
const replica = () => replicaOf(productParticipant, service.database);

async function underTest() {
  const inks = await newProduct(1_000);
  return {
    participant: productParticipant,
    database: service.database,
    arrange: async () => {
      const decreased = decrease(itemsOf([await newProduct(10), 2], [inks, 3]));
      return { action: decreased, undo: compensation('restore-product-command', decreased) };
    },
    effect: () =>
      service.database.query('SELECT product_id, available, reserved, sold FROM products ORDER BY product_id'),
  };
}
readsByKeyContract(underTest);
participantContract(underTest);

describe('stock', () => {
  test('of several products is set aside for an order whole or not at all', async () => {
    const [pens, inks] = [await newProduct(5), await newProduct(5)];
    expect(reasons(await replica().handle(decrease(itemsOf([pens, 5], [inks, 6]))))).toEqual(['OUT_OF_STOCK']);
    expect(await get(`/products/${pens}`)).toMatchObject({ available: 5, reserved: 0 });
    expect(outcomes(await replica().handle(decrease(itemsOf([pens, 5], [inks, 5]))))).toEqual(['success']);
    expect(await get(`/products/${inks}`)).toMatchObject({ available: 0, reserved: 5, sold: 0 });
  });

  test('is sold, once, when the order has been processed, and cannot be restored then', async () => {
    const items = itemsOf([await newProduct(5), 2]);
    const decreased = decrease(items);
    const done = processed(items, decreased.key);
    await replica().handle(decreased);
    await replica().handle(done, done);
    await replica().handle(done);
    await replica().handle(compensation('restore-product-command', decreased));
    expect(await get(`/products/${items[0]?.productId}`)).toMatchObject({ available: 3, reserved: 0, sold: 2 });
  });

  test('of a hot product is never oversold: of a thousand orders on two replicas ten get the last ten pieces (trap 12)', async () => {
    const pens = await newProduct(10);
    const replies = await Promise.all(
      Array.from({ length: 20 }, () =>
        replica().handle(...Array.from({ length: 50 }, () => decrease(itemsOf([pens, 1])))),
      ),
    );
    expect(outcomes(replies.flat()).filter((outcome) => outcome === 'success')).toHaveLength(10);
    expect(await get(`/products/${pens}`)).toMatchObject({ available: 0, reserved: 10 });
  });

  test('is locked in one order (trap 13): batches that name the same products the other way round do not wait for each other for ever', async () => {
    const [pens, inks] = [await newProduct(1_000), await newProduct(1_000)];
    const deadlocks = async () =>
      (
        await service.database.query<{ deadlocks: number }>(
          'SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()',
        )
      )[0]?.deadlocks;
    const before = await deadlocks();
    const batches = Array.from({ length: 40 }, (_, number) =>
      decrease(number % 2 === 0 ? itemsOf([pens, 1], [inks, 1]) : itemsOf([inks, 1], [pens, 1])),
    );
    await Promise.all(batches.map((batch) => replica().handle(batch, compensation('restore-product-command', batch))));
    expect(await deadlocks()).toBe(before);
    expect(await get(`/products/${pens}`)).toMatchObject({ available: 1_000, reserved: 0 });
  });
});

describe('the catalogue', () => {
  test('gets a product under the id it asks for, and tells the others', async () => {
    const response = await post('/products', { productId: 70_001, name: 'ink', price: 700, stock: 4 });
    const ink = { productId: 70_001, name: 'ink', price: 700, available: 4, reserved: 0, sold: 0 };
    expect([response.statusCode, response.headers.location, response.json()]).toEqual([201, '/products/70001', ink]);
    expect(await get('/products/70001')).toEqual(ink);
    const changed = { productId: 70_001, name: 'ink', price: 700, version: 1 };
    await service.published.until(() => bodiesOf(service.published, 'product-changed').length > 0);
    await expect.poll(() => bodiesOf(service.published, 'product-changed')).toContainEqual(changed);
  });

  test('draws an id that nobody has chosen', async () => {
    const drawn = await newProduct(1);
    for (const productId of [drawn + 1, drawn + 2])
      await post('/products', { productId, name: 'x', price: 1, stock: 1 });
    expect(await newProduct(1)).toBe(drawn + 3);
  });

  test('has each id once, also when it is asked for twice at once', async () => {
    const twice = { productId: 70_002, name: 'ink', price: 700, stock: 4 };
    const answers = await Promise.all([post('/products', twice), post('/products', twice)]);
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 409]);
    expect(answers.find(({ statusCode }) => statusCode === 409)?.json()).toMatchObject({ code: 'DUPLICATE_ID' });
  });

  test('changes a price and tells the others; orders at the old one are refused from then on', async () => {
    const pens = await newProduct(5);
    const url = `/products/${pens}`;
    const response = await service.app.inject({ method: 'PUT', url, payload: { price: PRICE + 1 } });
    expect([response.statusCode, response.json()]).toMatchObject([
      200,
      { name: 'pen', price: PRICE + 1, available: 5 },
    ]);
    const changed = { productId: pens, name: 'pen', price: PRICE + 1, version: 2 };
    await expect.poll(() => bodiesOf(service.published, 'product-changed')).toContainEqual(changed);
    expect(reasons(await replica().handle(decrease(itemsOf([pens, 1]))))).toEqual(['PRICE_CHANGED']);
  });

  test('says nothing of a change that changes nothing', async () => {
    const url = `/products/${await newProduct(5)}`;
    const change = (payload: object) => service.app.inject({ method: 'PUT', url, payload });
    const same = await change({ name: 'pen', price: PRICE });
    expect([same.statusCode, same.json()]).toMatchObject([200, { name: 'pen', price: PRICE, available: 5 }]);
    await change({ name: 'quill' });
    await expect
      .poll(() => bodiesOf(service.published, 'product-changed'))
      .toContainEqual({ productId: same.json().productId, name: 'quill', price: PRICE, version: 2 });
  });

  test('is listed by id, a page at a time', async () => {
    await newProduct(1);
    const { items: all } = await get('/products?limit=200');
    const pages = [];
    for (let cursor = ''; cursor !== null; ) {
      const page = await get(`/products?limit=2${cursor && `&cursor=${cursor}`}`);
      pages.push(...page.items);
      cursor = page.nextCursor;
    }
    expect(pages).toEqual(all);
    expect(pages.length).toBeGreaterThan(2);
  });

  test.each(['/products/4711', '/products/0', '/products/-1', '/products/pen', '/products/99999999999999999999'])(
    'answers %s with 404',
    async (url) => {
      const response = await service.app.inject(url);
      expect([response.statusCode, response.json()]).toMatchObject([404, { code: 'NOT_FOUND' }]);
    },
  );
});

describe('restocking', () => {
  test('adds pieces; with an Idempotency-Key only once', async () => {
    const pens = await newProduct(1);
    const url = `/products/${pens}/restock`;
    const headers = { 'idempotency-key': 'a delivery note' };
    const answers = await Promise.all([1, 2, 3].map(() => post(url, { quantity: 5 }, headers)));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1);
    expect((await post(url, { quantity: 6 }, headers)).json()).toMatchObject({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    await post(url, { quantity: 4 });
    expect(await get(`/products/${pens}`)).toMatchObject({ available: 10 });
  });

  test('an unknown product is answered with 404', async () => {
    expect((await post('/products/4711/restock', { quantity: 1 })).statusCode).toBe(404);
  });

  test('beyond what a number can count is refused', async () => {
    const pens = await newProduct(Number.MAX_SAFE_INTEGER);
    const response = await post(`/products/${pens}/restock`, { quantity: 1 });
    expect([response.statusCode, response.json().errors]).toMatchObject([
      422,
      [{ pointer: '/quantity', code: 'TOO_MUCH_STOCK' }],
    ]);
    expect(await get(`/products/${pens}`)).toMatchObject({ available: Number.MAX_SAFE_INTEGER });
  });
});

describe('bad input names each field and changes nothing', () => {
  test.each<[string, 'POST' | 'PUT', string, object, string[]]>([
    ['nothing', 'POST', '/products', {}, ['/name', '/price', '/stock']],
    ['numbers out of range', 'POST', '/products', { name: 'x', price: -1, stock: 1e18 }, ['/price', '/stock']],
    ['numbers that are none', 'POST', '/products', { name: 'x', price: '1', stock: 1.5 }, ['/price', '/stock']],
    ['an id out of range', 'POST', '/products', { productId: 0, name: 'x', price: 1, stock: 1 }, ['/productId']],
    ['a blank name', 'POST', '/products', { name: '  ', price: 1, stock: 1 }, ['/name']],
    ['U+0000', 'POST', '/products', { name: 'a\u0000b', price: 1, stock: 1 }, ['/name']],
    ['an unknown field', 'POST', '/products', { name: 'x', price: 1, stock: 1, colour: 'red' }, ['/colour']],
    ['a change of nothing', 'PUT', '/products/1', {}, ['']],
    ['a change of the stock', 'PUT', '/products/1', { price: 1, stock: 1 }, ['/stock']],
    ['no pieces', 'POST', '/products/1/restock', { quantity: 0 }, ['/quantity']],
    ['10^18 pieces', 'POST', '/products/1/restock', { quantity: 1e18 }, ['/quantity']],
  ])('%s', async (_what, method, url, payload, pointers) => {
    const before = await service.database.query('SELECT * FROM products ORDER BY product_id');
    const response = await service.app.inject({ method, url, payload });
    expect(response.statusCode).toBe(422);
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.json().errors.map((error: { pointer: string }) => error.pointer)).toEqual(pointers);
    expect(await service.database.query('SELECT * FROM products ORDER BY product_id')).toEqual(before);
  });

  test('malformed JSON is answered with 400', async () => {
    const headers = { 'content-type': 'application/json' };
    const response = await service.app.inject({ method: 'POST', url: '/products', payload: '{"name":', headers });
    expect([response.statusCode, response.json()]).toMatchObject([400, { code: 'MALFORMED_JSON' }]);
  });
});
