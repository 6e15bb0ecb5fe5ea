import { orderActionId } from '@saga/messages/ids';
import { problemBody } from '@saga/service-kit/problem';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { choreographyView } from './choreography-routes.ts';
import { TRACEPARENT } from './order-messages.fixture.ts';
import { eventually, ORDER, type OrderServiceUnderTest, startOrderService } from './order-service.fixture.ts';
import { placedView } from './order-view.ts';

let shop: OrderServiceUnderTest;
beforeAll(async () => {
  shop = await startOrderService(await testDatabase('order'));
  await shop.ready();
});
afterAll(() => shop.stop());

const counts = (): Promise<object[]> =>
  shop.database.query(`
    SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM inbox) AS inbox,
           (SELECT count(*) FROM idempotency) AS idempotency, (SELECT last_value FROM outbox_id_seq) AS outbox`);

describe('an order', () => {
  it('is accepted at once, saved with its creation and announced', async () => {
    const shipTo = { recipientName: '홍길동', address: '서울시 강남구', phone: '010-1234-5678' };
    const body = {
      ...ORDER,
      items: [...ORDER.items, { productId: 2, quantity: 4, price: 250 }],
      couponId: 100,
      shipTo,
    };
    const { status, headers, json } = await shop.request('POST', '/orders', body, { traceparent: TRACEPARENT });

    expect(status).toBe(202);
    const placed = placedView.parse(json);
    const { orderId } = placed;
    expect(orderId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(headers.get('location')).toBe(`/orders/${orderId}`);
    expect(json).toEqual({
      orderId,
      orderNumber: orderId,
      saga: 'place-order',
      status: 'PENDING',
      totalAmount: 21_000,
      discountAmount: 1_000,
      finalAmount: 20_000,
      links: { self: `${shop.url}/orders/${orderId}`, saga: `http://127.0.0.1:8080/sagas/${orderId}` },
    });
    expect(await shop.order(orderId)).toEqual({
      ...placed,
      userId: 1,
      items: [
        { productId: 1, quantity: 2, unitPrice: 10_000 },
        { productId: 2, quantity: 4, unitPrice: 250 },
      ],
      couponId: 100,
      shipTo,
      cancelReason: null,
      paymentId: null,
      deliveryId: null,
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
      endedAt: null,
    });
    expect(await shop.database.query('SELECT replies FROM inbox WHERE id = $1', [orderActionId(orderId)])).toEqual([
      { replies: [] },
    ]);
    const [announced] = await eventually(() => {
      expect(shop.published(orderId)).toHaveLength(1);
      return shop.published(orderId);
    });
    expect(announced).toMatchObject({
      topic: 'order-created',
      envelope: { id: orderId, source: '/order', subject: orderId, traceparent: TRACEPARENT },
      body: {
        orderId,
        saga: 'place-order',
        userId: 1,
        couponId: 100,
        totalAmount: 21_000,
        finalAmount: 20_000,
        shipTo,
      },
    });
    expect(announced?.envelope.attempt).toBeUndefined();
    await eventually(async () =>
      expect(await shop.database.query('SELECT 1 FROM outbox WHERE key = $1', [orderId])).toEqual([]),
    );
  });

  it('has links to the host that the client asked', async () => {
    const headers = { host: 'shop.example:8443' };
    const response = await shop.app.inject({ method: 'POST', url: '/orders', payload: ORDER, headers });
    expect(response.json()).toMatchObject({
      links: { self: expect.stringMatching(/^http:\/\/shop\.example:8443\/orders\//) },
    });
  });

  it('may be nothing to pay for', async () => {
    const placed = await shop.place({ userId: 1, items: [{ productId: 2, quantity: 1 }], couponId: 100 });
    expect(placed).toMatchObject({ totalAmount: 250, discountAmount: 250, finalAmount: 0 });
  });

  it('of seed 003 works as printed', async () => {
    const placed = await shop.place({ userId: 1, productId: 1, quantity: 1, price: 10_000 });
    expect(placed).toMatchObject({ status: 'PENDING', totalAmount: 10_000 });
  });

  it('may name its saga', async () => {
    expect(await shop.place({ ...ORDER, saga: 'ship-order' })).toMatchObject({ saga: 'ship-order' });
  });
});

describe('bad input is answered with every faulty field and changes nothing', () => {
  const item = (changes: object) => ({ userId: 1, items: [{ productId: 1, quantity: 1, ...changes }] });

  it.each<[string, unknown, number, string, string[]]>([
    ['malformed JSON', '{"userId": 1,', 400, 'MALFORMED_JSON', []],
    ['an unknown product', item({ productId: 999 }), 422, 'PRODUCT_UNKNOWN', ['/items/0/productId']],
    ['an unknown user', { ...ORDER, userId: 999 }, 422, 'ACCOUNT_UNKNOWN', ['/userId']],
    ['an unknown coupon', { ...ORDER, couponId: 999 }, 422, 'COUPON_UNKNOWN', ['/couponId']],
    ["another user's coupon", { ...ORDER, couponId: 200 }, 422, 'COUPON_NOT_OWNED', ['/couponId']],
    [
      'a coupon for ship-order',
      { ...ORDER, couponId: 100, saga: 'ship-order' },
      422,
      'COUPON_NOT_ALLOWED',
      ['/couponId'],
    ],
    ['a wrong price', item({ price: 9_999 }), 422, 'PRICE_CHANGED', ['/items/0/price']],
    [
      'a wrong price in the single form',
      { userId: 1, productId: 1, quantity: 1, price: 1 },
      422,
      'PRICE_CHANGED',
      ['/price'],
    ],
    [
      'a total beyond 2^53−1',
      { userId: 1, items: [{ productId: 3, quantity: 2 }] },
      422,
      'AMOUNT_TOO_LARGE',
      ['/items'],
    ],
    ['a negative quantity', item({ quantity: -1 }), 422, 'INVALID_REQUEST', ['/items/0/quantity']],
    ['a quantity of nothing', item({ quantity: 0 }), 422, 'INVALID_REQUEST', ['/items/0/quantity']],
    ['a fractional quantity', item({ quantity: 1.5 }), 422, 'INVALID_REQUEST', ['/items/0/quantity']],
    ['a quantity of 10^18', item({ quantity: 1e18 }), 422, 'INVALID_REQUEST', ['/items/0/quantity']],
    ['a quantity in words', item({ quantity: '1' }), 422, 'INVALID_REQUEST', ['/items/0/quantity']],
    ['an unknown field', { ...ORDER, colour: 'red' }, 422, 'INVALID_REQUEST', ['/colour']],
    ['both forms', { ...ORDER, productId: 1, quantity: 1 }, 422, 'INVALID_REQUEST', ['/productId', '/quantity']],
    [
      'a product twice',
      { userId: 1, items: [...ORDER.items, ...ORDER.items] },
      422,
      'INVALID_REQUEST',
      ['/items/1/productId'],
    ],
    [
      'U+0000',
      { ...ORDER, shipTo: { recipientName: 'a\u0000b', address: 'x', phone: 'y' } },
      422,
      'INVALID_REQUEST',
      ['/shipTo/recipientName'],
    ],
    [
      'several faults',
      { ...item({ price: 1 }), userId: 999, couponId: 999 },
      422,
      'INVALID_REQUEST',
      ['/userId', '/items/0/price', '/couponId'],
    ],
    ['no body', undefined, 422, 'INVALID_REQUEST', ['']],
  ])('%s', async (_case, body, status, code, pointers) => {
    const before = await counts();
    const answer = await shop.request('POST', '/orders', body);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.json).toMatchObject({ status, code });
    expect(answer.status).toBe(status);
    const { errors = [] } = problemBody.parse(answer.json);
    expect(errors.map((error) => error.pointer)).toEqual(pointers);
    expect(await counts()).toEqual(before);
  });
});

describe('seed 004', () => {
  const body = {
    items: [{ productId: 1, quantity: 2 }],
    userCouponId: 100,
    recipientName: '홍길동',
    shippingAddress: '서울시 강남구',
    shippingPhone: '010-1234-5678',
  };

  it('works as printed', async () => {
    const { status, json } = await shop.request('POST', '/api/orders/choreography/user-1', body);
    expect(status).toBe(202);
    const placed = choreographyView.parse(json);
    expect(json).toEqual({
      orderId: placed.orderNumber,
      orderNumber: placed.orderId,
      status: 'PENDING',
      totalAmount: 20_000,
      discountAmount: 1_000,
      finalAmount: 19_000,
    });
    expect(await shop.order(placed.orderId)).toMatchObject({ saga: 'reserve-order', userId: 1, couponId: 100 });
    expect((await shop.request('GET', `/api/orders/${placed.orderNumber}`)).json).toEqual(placed);
  });

  it('needs no coupon', async () => {
    const { userCouponId: _, ...withoutCoupon } = body;
    const { status, json } = await shop.request('POST', '/api/orders/choreography/user-1', withoutCoupon);
    expect(status).toBe(202);
    expect(json).toMatchObject({ discountAmount: 0, finalAmount: 20_000 });
  });

  it('names the faulty fields as its own request does', async () => {
    const foreign = await shop.request('POST', '/api/orders/choreography/user-1', { ...body, userCouponId: 200 });
    expect(foreign.json).toMatchObject({ code: 'COUPON_NOT_OWNED', errors: [{ pointer: '/userCouponId' }] });
    const { recipientName: _, ...nameless } = body;
    const incomplete = await shop.request('POST', '/api/orders/choreography/user-1', nameless);
    expect(incomplete.json).toMatchObject({ status: 422, errors: [{ pointer: '/recipientName', code: 'REQUIRED' }] });
  });

  it('knows neither this user nor this order', async () => {
    expect((await shop.request('POST', '/api/orders/choreography/nobody', body)).status).toBe(404);
    expect((await shop.request('GET', '/api/orders/456')).status).toBe(404);
    expect((await shop.request('GET', '/api/orders/0190bbbb-bbbb-7bbb-8bbb-bbbbbbbbbbbb')).status).toBe(404);
  });
});
