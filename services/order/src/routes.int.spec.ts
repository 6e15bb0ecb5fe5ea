import { newOrderId } from '@saga/messages/ids';
import { page } from '@saga/service-kit/pages';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelOrder, completeOrder, NO_MONEY, PAYMENT, TRACEPARENT } from './order-messages.fixture.ts';
import { eventually, ORDER, type OrderServiceUnderTest, startOrderService } from './order-service.fixture.ts';
import { orderView } from './order-view.ts';

let shop: OrderServiceUnderTest;
beforeAll(async () => {
  shop = await startOrderService(await testDatabase('order'));
  await shop.ready();
});
afterAll(() => shop.stop());

const wait = (seconds: number) => ({ prefer: `wait=${seconds}` });

/** Until somebody waits. */
const someoneWaits = (at: OrderServiceUnderTest): Promise<void> =>
  eventually(async () => {
    expect((await at.request('GET', '/metrics')).text).toContain('saga_orders_waited_for{service="order"} 1');
  });

/** As another replica would: nobody here is told. */
const endElsewhere = (orderId: string): Promise<object[]> =>
  shop.database.query(`UPDATE orders SET status = 'COMPLETED', ended_at = now() WHERE order_id = $1`, [orderId]);

describe('an order that is asked for', () => {
  it('is completed, with what was paid', async () => {
    const { orderId } = await shop.place();
    await shop.send(completeOrder(orderId));
    const order = await eventually(async () => {
      const order = await shop.order(orderId);
      expect(order.status).toBe('COMPLETED');
      return order;
    });
    expect(order).toMatchObject({ paymentId: PAYMENT, deliveryId: null, cancelReason: null });
    expect(Date.parse(order.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(order.createdAt));
  });

  it('is cancelled, with the reason', async () => {
    const { orderId } = await shop.place();
    await shop.send(cancelOrder(orderId));
    await eventually(async () =>
      expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED', cancelReason: NO_MONEY }),
    );
  });

  it('is known to seed 004 by its words', async () => {
    const [confirmed, failed] = [await shop.place(), await shop.place()];
    await shop.send(completeOrder(confirmed.orderId), cancelOrder(failed.orderId));
    for (const [{ orderNumber }, status] of [
      [confirmed, 'CONFIRMED'],
      [failed, 'FAILED'],
    ] as const)
      await eventually(async () =>
        expect((await shop.request('GET', `/api/orders/${orderNumber}`)).json).toMatchObject({ status }),
      );
  });

  it.each(['unknown', '12', newOrderId()])('is not there: %s', async (orderId) => {
    const answer = await shop.request('GET', `/orders/${orderId}`, undefined, wait(5));
    expect(answer.json).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });
});

describe('Prefer: wait', () => {
  it('holds the answer until the order has ended here', async () => {
    const { orderId } = await shop.place();
    const asked = shop.request('GET', `/orders/${orderId}`, undefined, wait(20));
    await someoneWaits(shop);
    await shop.send(completeOrder(orderId));
    const { headers, json } = await asked;
    expect(json).toMatchObject({ orderId, status: 'COMPLETED' });
    expect(headers.get('preference-applied')).toBe('wait=20');
  });

  it('notices that another replica ended it', async () => {
    const { orderId } = await shop.place();
    const asked = shop.order(orderId, wait(20));
    await endElsewhere(orderId);
    expect(await asked).toMatchObject({ status: 'COMPLETED' });
  });

  it('is over when the time is', async () => {
    const { orderId } = await shop.place();
    expect(await shop.order(orderId, wait(1))).toMatchObject({ status: 'PENDING' });
  });

  it('holds nothing that has ended already', async () => {
    const { orderId } = await shop.place();
    await endElsewhere(orderId);
    expect(await shop.order(orderId, wait(30))).toMatchObject({ status: 'COMPLETED' });
  });

  it('does not hold up a stop', async () => {
    const other = await startOrderService(await testDatabase('order'));
    await other.ready();
    const { orderId } = await other.place();
    // Over a connection: a stop waits for what came by one.
    const asked = other.order(orderId, wait(30));
    await someoneWaits(other);
    await other.stop();
    expect(await asked).toMatchObject({ status: 'PENDING' });
  });
});

describe('the list of orders', () => {
  const list = async (query: string) => page(orderView).parse((await shop.request('GET', `/orders?${query}`)).json);

  it('is in pages, newest first', async () => {
    const placed: string[] = [];
    for (let count = 0; count < 5; count += 1) placed.unshift((await shop.place({ ...ORDER, userId: 2 })).orderId);
    const listed: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { items, nextCursor } = await list(`userId=2&limit=2${cursor && `&cursor=${cursor}`}`);
      expect(items.length).toBeLessThanOrEqual(2);
      listed.push(...items.map(({ orderId }) => orderId));
      cursor = nextCursor;
    }
    expect(listed).toEqual(placed);
  });

  it('may be of one status', async () => {
    const { orderId } = await shop.place({ ...ORDER, userId: 2 });
    await shop.send(cancelOrder(orderId));
    await eventually(async () => {
      const { items } = await list('userId=2&status=CANCELLED');
      expect(items).toEqual([await shop.order(orderId)]);
    });
    expect((await list('userId=2&status=COMPLETED')).items).toEqual([]);
  });

  it.each(['status=LOST', 'limit=0', 'limit=201', 'cursor=nonsense', 'userId=one', 'colour=red'])(
    'refuses ?%s',
    async (query) => {
      expect((await shop.request('GET', `/orders?${query}`)).json).toMatchObject({
        status: 400,
        code: 'INVALID_QUERY',
      });
    },
  );
});

describe('a customer who changes their mind', () => {
  it('asks the orchestrator to cancel', async () => {
    const { orderId } = await shop.place(ORDER, { traceparent: TRACEPARENT });
    const { status, json } = await shop.request('POST', `/orders/${orderId}/cancel`, { reason: 'too slow' });
    expect([status, json]).toEqual([202, await shop.order(orderId)]);
    await eventually(() =>
      expect(shop.published(orderId).find(({ topic }) => topic === 'order-cancel-requested')).toMatchObject({
        envelope: { source: '/order', subject: orderId, traceparent: TRACEPARENT },
        body: { orderId, reason: 'too slow' },
      }),
    );
  });

  it('need not say why', async () => {
    const { orderId } = await shop.place();
    expect((await shop.request('POST', `/orders/${orderId}/cancel`)).status).toBe(202);
  });

  it('is too late once the order has ended', async () => {
    const { orderId } = await shop.place();
    await endElsewhere(orderId);
    const answer = await shop.request('POST', `/orders/${orderId}/cancel`, {});
    expect(answer.json).toMatchObject({ status: 409, code: 'ORDER_ENDED' });
    expect(shop.published(orderId).map(({ topic }) => topic)).not.toContain('order-cancel-requested');
  });

  it('cannot cancel what is not there', async () => {
    expect((await shop.request('POST', `/orders/${newOrderId()}/cancel`)).status).toBe(404);
  });
});
