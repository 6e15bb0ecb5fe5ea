import { reconcile } from '@saga/tools/reconcile';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { Shop } from './shop.ts';
import { publish, readTopics } from './topics.ts';

/** Every row of the acceptance table, by its seed's number: from outside, on real PostgreSQL and Kafka. */
const shop = new Shop(inject('serviceUrls'));
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

afterAll(async () => {
  expect(await Array.fromAsync(reconcile(shop.urls.orchestrator ?? '')), 'the sagas and the services’ books').toEqual(
    [],
  );
});

describe('the card: the orchestrator', () => {
  test('an order crosses stock, coupon, balance and delivery, and completes', async () => {
    const productId = await shop.product({ stock: 10, price: 10_000 });
    const userId = await shop.user({ balance: 100_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const order = await shop.orderToItsEnd({ userId, items: [{ productId, quantity: 2 }], couponId });

    expect(order).toMatchObject({
      status: 'COMPLETED',
      totalAmount: 20_000,
      discountAmount: 1_000,
      finalAmount: 19_000,
      cancelReason: null,
      paymentId: expect.any(String),
      deliveryId: expect.any(String),
    });
    expect(await shop.balance(userId)).toBe(81_000);
    expect(await shop.couponStatus(couponId)).toBe('USED');
    await shop.until(
      () => shop.stock(productId),
      ({ available, reserved, sold }) => available === 8 && reserved === 0 && sold === 2,
      'the stock to be settled',
    );
    const deliveries = await shop.get<{ items: { status: string }[] }>(
      'delivery',
      `/deliveries?orderId=${order.orderId}`,
    );
    expect(deliveries.items).toMatchObject([{ status: 'CREATED' }]);
  });

  test('the admin endpoint shows every step of how', async () => {
    const productId = await shop.product({ stock: 1 });
    const userId = await shop.user({ balance: 100_000 });
    const { orderId, links } = await shop.orderToItsEnd({ userId, productId, quantity: 1 });
    const saga = await shop.endedSaga(orderId);

    expect(saga.status).toBe('COMPLETED');
    expect(saga.waitingFor).toEqual([]);
    expect(saga.steps.map(({ name, status }) => [name, status])).toEqual([
      ['product', 'SUCCEEDED'],
      ['coupon', 'SKIPPED'],
      ['balance', 'SUCCEEDED'],
      ['delivery', 'SUCCEEDED'],
      ['complete', 'SUCCEEDED'],
    ]);
    expect((await fetch(links.saga)).status).toBe(200);
    const history = await shop.get<{ items: { seq: number; message: { type: string } }[] }>(
      'orchestrator',
      `/sagas/${orderId}/history`,
    );
    expect(history.items.map(({ message }) => message.type)).toEqual([
      'order-created',
      'product-decreased',
      'balance-deducted',
      'delivery-created',
      'order-completed',
    ]);
  });

  test('an address that is not served: everything that was done is undone, in reverse order', async () => {
    await shop.send('delivery', 'PUT', '/unserved-areas', { prefixes: ['Atlantis'] });
    const productId = await shop.product({ stock: 5 });
    const userId = await shop.user({ balance: 100_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 500 });
    const order = await shop.orderToItsEnd({
      userId,
      items: [{ productId, quantity: 3 }],
      couponId,
      shipTo: { recipientName: 'A', address: 'Atlantis 1', phone: '1' },
    });

    expect(order).toMatchObject({
      status: 'CANCELLED',
      cancelReason: { step: 'delivery', code: 'ADDRESS_UNDELIVERABLE' },
    });
    expect(await shop.stock(productId)).toMatchObject({ available: 5, reserved: 0, sold: 0 });
    expect(await shop.balance(userId)).toBe(100_000);
    expect(await shop.couponStatus(couponId)).toBe('ISSUED');
    expect((await shop.endedSaga(order.orderId)).status).toBe('COMPENSATED');
  });

  test('a free order pays nothing: the balance step is skipped', async () => {
    const productId = await shop.product({ stock: 1, price: 700 });
    const userId = await shop.user({ balance: 0 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const order = await shop.orderToItsEnd({ userId, items: [{ productId, quantity: 1 }], couponId });
    expect(order).toMatchObject({ status: 'COMPLETED', finalAmount: 0, discountAmount: 700, paymentId: null });
  });
});

describe('seeds 000 and 002: payment on Kafka with an aggregator', () => {
  test('202 at once; stock ∥ coupon are aggregated before the discounted amount is deducted', async () => {
    const productId = await shop.product({ stock: 3, price: 5_000 });
    const userId = await shop.user({ balance: 10_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const { status, headers, body } = await shop.order({ userId, items: [{ productId, quantity: 1 }], couponId });
    expect(status).toBe(202);
    expect(headers.get('location')).toMatch(new RegExp(`/orders/${body.orderId}$`));
    expect(body.status).toBe('PENDING');

    await shop.ended(body.orderId);
    expect(await shop.balance(userId)).toBe(6_000);
    const { items } = await shop.get<{ items: { message: { type: string }; sent: string[] }[] }>(
      'orchestrator',
      `/sagas/${body.orderId}/history`,
    );
    const [created, first, second] = items;
    expect(created?.sent).toHaveLength(2);
    expect([first?.message.type, second?.message.type].sort()).toEqual(['coupon-used', 'product-decreased']);
    expect(first?.sent, 'nothing goes on until both have answered').toHaveLength(0);
    expect(second?.sent).toHaveLength(1);
  });

  test('the external platform gets the processed order, signed, and the statistics count it', async () => {
    const received = inject('platformInbox');
    const productId = await shop.product({ stock: 2 });
    const userId = await shop.user({ balance: 100_000 });
    const { orderId } = await shop.orderToItsEnd({ userId, productId, quantity: 2 });
    const [dispatch] = await shop.until(
      async () => (await shop.get<{ items: { status: string }[] }>('platform', `/dispatches?orderId=${orderId}`)).items,
      (items) => items[0]?.status === 'SENT',
      'the order to be sent to the platform',
    );
    expect(dispatch).toMatchObject({ orderId, status: 'SENT', lastError: null });
    const delivered = await fetch(`${received}/${orderId}`);
    expect(await delivered.json(), 'what the platform received, its signature verified').toMatchObject({
      verified: true,
      body: expect.objectContaining({ orderId }),
    });
    const today = new Date().toISOString().slice(0, 10);
    const { items } = await shop.get<{ items: { date: string; orders: number }[] }>(
      'platform',
      `/statistics?from=2000-01-01&to=${today}`,
    );
    expect(items.at(-1)?.orders).toBeGreaterThan(0);
  });

  test('stock refused: the order is cancelled and the coupon is the customer’s again', async () => {
    const productId = await shop.product({ stock: 1 });
    const userId = await shop.user({ balance: 100_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const order = await shop.orderToItsEnd({ userId, items: [{ productId, quantity: 2 }], couponId });
    expect(order).toMatchObject({ status: 'CANCELLED', cancelReason: { step: 'product', code: 'OUT_OF_STOCK' } });
    expect(await shop.couponStatus(couponId)).toBe('ISSUED');
    expect(await shop.balance(userId)).toBe(100_000);
  });

  test('coupon refused: the order is cancelled and the stock is back', async () => {
    const productId = await shop.product({ stock: 5 });
    const userId = await shop.user({ balance: 100_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    await shop.orderToItsEnd({ userId, items: [{ productId, quantity: 1 }], couponId });
    const order = await shop.orderToItsEnd({ userId, items: [{ productId, quantity: 1 }], couponId });
    expect(order).toMatchObject({ status: 'CANCELLED', cancelReason: { step: 'coupon', code: 'COUPON_ALREADY_USED' } });
    await shop.until(
      () => shop.stock(productId),
      ({ available, reserved }) => available === 4 && reserved === 0,
      'the stock to be back',
    );
  });

  test('balance refused: stock and coupon are restored, the order is cancelled', async () => {
    const productId = await shop.product({ stock: 5 });
    const userId = await shop.user({ balance: 8_999 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const order = await shop.orderToItsEnd({ userId, items: [{ productId, quantity: 1 }], couponId });
    expect(order).toMatchObject({
      status: 'CANCELLED',
      cancelReason: { step: 'balance', code: 'INSUFFICIENT_BALANCE' },
    });
    expect(await shop.stock(productId)).toMatchObject({ available: 5, reserved: 0 });
    expect(await shop.couponStatus(couponId)).toBe('ISSUED');
    expect(await shop.balance(userId)).toBe(8_999);
  });
});

describe('seed 002 §5: its named limitations', () => {
  test('tracing: every message of a saga carries the trace of the request that began it', async () => {
    const productId = await shop.product({ stock: 1 });
    const userId = await shop.user({ balance: 100_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const { body } = await shop.order({ userId, items: [{ productId, quantity: 1 }], couponId }, '/orders', {
      traceparent: TRACEPARENT,
    });
    await shop.endedSaga(body.orderId);
    const messages = await readTopics(body.orderId);
    expect(messages.map(({ topic }) => topic).sort()).toEqual([
      'balance-deducted',
      'complete-order-command',
      'coupon-used',
      'create-delivery-command',
      'decrease-product-command',
      'deduct-balance-command',
      'delivery-created',
      'order-completed',
      'order-created',
      'order-processed',
      'product-decreased',
      'use-coupon-command',
    ]);
    for (const { topic, headers } of messages)
      expect(headers.traceparent?.slice(0, 35), topic).toBe(TRACEPARENT.slice(0, 35));
  });

  test('a message that nobody can read stands in the dead letters; the ones around it go on', async () => {
    const garbage = { key: `garbage-${shop.newId()}`, value: 'this is not JSON' };
    await publish('order-created', garbage);
    const productId = await shop.product({ stock: 1 });
    const userId = await shop.user({ balance: 100_000 });
    expect(await shop.orderToItsEnd({ userId, productId, quantity: 1 })).toMatchObject({ status: 'COMPLETED' });
    const [letter] = await shop.until(
      () => readTopics(garbage.key, ['dead-letter']),
      (letters) => letters.length > 0,
      'the dead letter',
    );
    expect(JSON.parse(letter?.value ?? '')).toMatchObject({
      topic: 'order-created',
      service: 'orchestrator',
      value: Buffer.from(garbage.value).toString('base64'),
    });
  });
});

describe('seed 001: order, inventory, payment', () => {
  test('polling sees the order complete (reserve-order)', async () => {
    const productId = await shop.product({ stock: 2 });
    const userId = await shop.user({ balance: 100_000 });
    const order = await shop.orderToItsEnd({ userId, productId, quantity: 1, saga: 'reserve-order' });
    expect(order).toMatchObject({ status: 'COMPLETED', saga: 'reserve-order' });
  });

  test.each(['reserve-order', 'place-order'])(
    'userId 2 has no money: inventory rolled back, cancelled (%s)',
    async (saga) => {
      const productId = await shop.product({ stock: 5 });
      const order = await shop.orderToItsEnd({ userId: 2, productId, quantity: 1, saga });
      expect(order).toMatchObject({
        status: 'CANCELLED',
        cancelReason: { step: 'balance', code: 'INSUFFICIENT_BALANCE' },
      });
      expect(await shop.stock(productId)).toMatchObject({ available: 5, reserved: 0, sold: 0 });
    },
  );
});

describe('seed 003: orchestrated, its six topics', () => {
  const SIX_TOPICS = [
    'order-created',
    'decrease-product-command',
    'product-decreased',
    'create-delivery-command',
    'delivery-created',
    'complete-order-command',
  ];

  test('its request, as printed, works', async () => {
    const order = await shop.orderToItsEnd({ userId: 1, productId: 1, quantity: 1, price: 10_000 });
    expect(order.status).toBe('COMPLETED');
  });

  test('ship-order runs over exactly its topics, and its fact says success', async () => {
    const order = await shop.orderToItsEnd({ userId: 1, productId: 2, quantity: 1, price: 10_000, saga: 'ship-order' });
    expect(order).toMatchObject({ status: 'COMPLETED', paymentId: null });
    const messages = await readTopics(order.orderId);
    const topics = new Set(messages.map(({ topic }) => topic));
    for (const topic of SIX_TOPICS) expect(topics).toContain(topic);
    expect([...topics].filter((topic) => topic.includes('balance') || topic.includes('coupon'))).toEqual([]);
    expect(outcomeOf(messages, 'product-decreased')).toBe('success');
    expect(outcomeOf(messages, 'delivery-created')).toBe('success');
  });

  test('a refusal stands in the fact: product-decreased, delivery-created', async () => {
    const soldOut = await shop.product({ stock: 0 });
    const noStock = await shop.orderToItsEnd({ userId: 1, productId: soldOut, quantity: 1, saga: 'ship-order' });
    expect(noStock).toMatchObject({ status: 'CANCELLED', cancelReason: { code: 'OUT_OF_STOCK' } });
    expect(outcomeOf(await readTopics(noStock.orderId), 'product-decreased')).toBe('rejected');

    await shop.send('delivery', 'PUT', '/unserved-areas', { prefixes: ['Atlantis'] });
    const inStock = await shop.product({ stock: 1 });
    const nowhere = await shop.orderToItsEnd({
      userId: 1,
      productId: inStock,
      quantity: 1,
      saga: 'ship-order',
      shipTo: { recipientName: 'A', address: 'Atlantis', phone: '1' },
    });
    expect(nowhere).toMatchObject({ status: 'CANCELLED', cancelReason: { code: 'ADDRESS_UNDELIVERABLE' } });
    expect(outcomeOf(await readTopics(nowhere.orderId), 'delivery-created')).toBe('rejected');
    expect(await shop.stock(inStock)).toMatchObject({ available: 1, reserved: 0 });
  });
});

describe('seed 004: several items, stock ∥ payment ∥ coupon', () => {
  const path = '/api/orders/choreography';
  const shipping = { recipientName: '홍길동', shippingAddress: '서울시 강남구', shippingPhone: '010-1234-5678' };
  type Seed004Order = { orderId: string; orderNumber: string; status: string; finalAmount: number };

  const confirmedOrFailed = (orderNumber: string) =>
    shop.until(
      () => shop.get<Seed004Order>('order', `/api/orders/${orderNumber}`),
      ({ status }) => status !== 'PENDING',
      `order ${orderNumber} to be confirmed or failed`,
    );

  test('its two requests, as printed, work: PENDING, then CONFIRMED, with total, discount and final amount', async () => {
    const userId = await shop.user({ balance: 1_000_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const { status, body } = await shop.order(
      { items: [{ productId: 1, quantity: 2 }], userCouponId: couponId, ...shipping },
      `${path}/user-${userId}`,
    );
    expect(status).toBe(202);
    expect(body).toMatchObject({ status: 'PENDING', totalAmount: 20_000, discountAmount: 1_000, finalAmount: 19_000 });
    expect(await confirmedOrFailed(body.orderNumber)).toMatchObject({ status: 'CONFIRMED', finalAmount: 19_000 });
    const saga = await shop.endedSaga(body.orderId);
    expect(saga.steps.map(({ name }) => name)).toEqual(['product', 'balance', 'coupon', 'complete']);
  });

  test('the coupon is optional, and reservations are settled when the order is confirmed', async () => {
    const productId = await shop.product({ stock: 4 });
    const userId = await shop.user({ balance: 1_000_000 });
    const { body } = await shop.order({ items: [{ productId, quantity: 3 }], ...shipping }, `${path}/user-${userId}`);
    expect((await confirmedOrFailed(body.orderNumber)).status).toBe('CONFIRMED');
    await shop.until(
      () => shop.stock(productId),
      ({ available, reserved, sold }) => available === 1 && reserved === 0 && sold === 3,
      'the reservation to be settled',
    );
  });

  test('several items are reserved all or none; scenario 1: no stock, only completed steps are undone', async () => {
    const plenty = await shop.product({ stock: 10 });
    const scarce = await shop.product({ stock: 1 });
    const userId = await shop.user({ balance: 1_000_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const { body } = await shop.order(
      {
        items: [
          { productId: plenty, quantity: 1 },
          { productId: scarce, quantity: 2 },
        ],
        userCouponId: couponId,
        ...shipping,
      },
      `${path}/user-${userId}`,
    );
    expect((await confirmedOrFailed(body.orderNumber)).status).toBe('FAILED');
    expect(await shop.stock(plenty)).toMatchObject({ available: 10, reserved: 0 });
    expect(await shop.stock(scarce)).toMatchObject({ available: 1, reserved: 0 });
    expect(await shop.balance(userId)).toBe(1_000_000);
    expect(await shop.couponStatus(couponId)).toBe('ISSUED');
    const saga = await shop.endedSaga(body.orderId);
    const product = saga.steps.find(({ name }) => name === 'product');
    expect(product).toMatchObject({ status: 'REJECTED', compensation: null });
  });

  test('scenario 2: no money, stock and coupon are restored', async () => {
    const productId = await shop.product({ stock: 2 });
    const userId = await shop.user({ balance: 10 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const { body } = await shop.order(
      { items: [{ productId, quantity: 1 }], userCouponId: couponId, ...shipping },
      `${path}/user-${userId}`,
    );
    expect((await confirmedOrFailed(body.orderNumber)).status).toBe('FAILED');
    expect(await shop.stock(productId)).toMatchObject({ available: 2, reserved: 0 });
    expect(await shop.couponStatus(couponId)).toBe('ISSUED');
    expect(await shop.balance(userId)).toBe(10);
  });

  test('scenario 3: coupon refused, stock and payment are restored', async () => {
    const productId = await shop.product({ stock: 4 });
    const userId = await shop.user({ balance: 1_000_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const once = { items: [{ productId, quantity: 1 }], userCouponId: couponId, ...shipping };
    const first = await shop.order(once, `${path}/user-${userId}`);
    expect((await confirmedOrFailed(first.body.orderNumber)).status).toBe('CONFIRMED');
    const second = await shop.order(once, `${path}/user-${userId}`);
    expect((await confirmedOrFailed(second.body.orderNumber)).status).toBe('FAILED');
    expect(await shop.balance(userId)).toBe(1_000_000 - 9_000);
    await shop.until(
      () => shop.stock(productId),
      ({ available, reserved, sold }) => available === 3 && reserved === 0 && sold === 1,
      'the second reservation to be undone',
    );
  });

  test('an unknown publicId is not found', async () => {
    const { status } = await shop.send('order', 'POST', `${path}/nobody-${shop.newId()}`, {
      items: [{ productId: 1, quantity: 1 }],
      ...shipping,
    });
    expect(status).toBe(404);
  });
});

type Seen = Awaited<ReturnType<typeof readTopics>>;

const outcomeOf = (messages: Seen, topic: string): unknown =>
  JSON.parse(messages.find((message) => message.topic === topic)?.value ?? '{}').outcome;
