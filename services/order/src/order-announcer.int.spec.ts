import { setTimeout as pause } from 'node:timers/promises';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancelOrder } from './order-messages.fixture.ts';
import { eventually, type OrderServiceUnderTest, startOrderService } from './order-service.fixture.ts';

/** Short enough to be seen, long enough that the first announcement comes first. */
const ANNOUNCE_AFTER_MS = 300;

let shop: OrderServiceUnderTest;
beforeAll(async () => {
  shop = await startOrderService(await testDatabase('order'), {
    env: { ANNOUNCE_AFTER_MS: String(ANNOUNCE_AFTER_MS), INBOX_DAYS: '2' },
  });
  await shop.ready();
});
afterAll(() => shop.stop());

const announcements = (orderId: string) => shop.published(orderId).filter(({ topic }) => topic === 'order-created');
const attempts = (orderId: string) => announcements(orderId).map(({ envelope }) => envelope.attempt);

describe('an order that stays pending (trap 28)', () => {
  it('is announced again and again, the same but for the count, with growing pauses', async () => {
    const { orderId } = await shop.place();
    await eventually(() => expect(attempts(orderId)).toEqual([undefined, 2, 3]));
    const [first, second] = announcements(orderId);
    expect(second).toEqual({ ...first, envelope: { ...first?.envelope, attempt: 2 } });
    const metrics = await shop.request('GET', '/metrics');
    expect(metrics.text).toMatch(/saga_orders_announced_again_total\{service="order"\} [1-9]/);
    const [pauses] = await shop.database.query<{ factor: number }>(
      `SELECT extract(epoch FROM announce_at - now()) * 1000 / $2::int > 3 AS grown FROM orders WHERE order_id = $1`,
      [orderId, ANNOUNCE_AFTER_MS],
    );
    expect(pauses).toEqual({ grown: true });
  });

  it('is not announced again once it has ended', async () => {
    const { orderId } = await shop.place();
    await shop.send(cancelOrder(orderId));
    await eventually(async () => expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED' }));
    expect(await shop.database.query('SELECT announce_at FROM orders WHERE order_id = $1', [orderId])).toEqual([
      { announce_at: null },
    ]);
  });

  it('is not announced again while its announcement still waits for the broker', async () => {
    shop.brokerIs('away');
    const { orderId } = await shop.place();
    await pause(6_000); // longer than the announcer's and the relay's rounds
    expect(await shop.database.query('SELECT announcements FROM orders WHERE order_id = $1', [orderId])).toEqual([
      { announcements: 1 },
    ]);
    shop.brokerIs('here');
    await eventually(() => expect(attempts(orderId)[0]).toBeUndefined());
    await eventually(() => expect(attempts(orderId)).toContain(2));
  });

  it('is given up when the inboxes would take it for expired', async () => {
    const { orderId } = await shop.place();
    await shop.database.query(
      `UPDATE orders SET announcements = 20, created_at = now() - interval '47 hours 59 minutes' WHERE order_id = $1`,
      [orderId],
    );
    await eventually(async () =>
      expect(
        await shop.database.query('SELECT announcements, announce_at FROM orders WHERE order_id = $1', [orderId]),
      ).toEqual([{ announcements: 21, announce_at: null }]),
    );
  });
});
