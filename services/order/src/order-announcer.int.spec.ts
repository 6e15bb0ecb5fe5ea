import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLAIM_PENDING } from './claim-pending.ts';
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
  it('is announced again and again, the same but for the count', async () => {
    const { orderId } = await shop.place();
    await eventually(() => expect(attempts(orderId).slice(0, 3)).toEqual([undefined, 2, 3]));
    const [first, second] = announcements(orderId);
    expect(second).toEqual({ ...first, envelope: { ...first?.envelope, attempt: 2 } });
    const metrics = await shop.request('GET', '/metrics');
    expect(metrics.text).toMatch(/saga_orders_announced_again_total\{service="order"\} [1-9]/);
  });

  it('waits twice as long for each further announcement', async () => {
    const { orderId } = await shop.place();
    await shop.database.query('UPDATE orders SET announcements = 11, announce_at = now() WHERE order_id = $1', [
      orderId,
    ]);
    await eventually(async () =>
      expect(await shop.database.query(TURN, [orderId])).toMatchObject([{ announcements: 12 }]),
    );
    const [pause] = await shop.database.query<{ minutes: number }>(
      `SELECT extract(epoch FROM announce_at - now())::int / 60 AS minutes FROM orders WHERE order_id = $1`,
      [orderId],
    );
    // 2^11 times the first, less what has passed since.
    expect(pause?.minutes).toBeGreaterThan(5);
    expect(pause?.minutes).toBeLessThanOrEqual((ANNOUNCE_AFTER_MS * 2 ** 11) / 60_000);
  });

  it('is not announced again once it has ended', async () => {
    const { orderId } = await shop.place();
    await shop.send(cancelOrder(orderId));
    await eventually(async () => expect(await shop.order(orderId)).toMatchObject({ status: 'CANCELLED' }));
    expect(await shop.database.query('SELECT announce_at FROM orders WHERE order_id = $1', [orderId])).toEqual([
      { announce_at: null },
    ]);
  });

  it('is not announced again while its announcement still waits for the broker: its turn is put off', async () => {
    shop.brokerIs('away');
    const { orderId } = await shop.place();
    const turn = () => shop.database.query<Turn>(TURN, [orderId]);
    const [first] = await turn();
    await eventually(async () => expect((await turn())[0]?.announce_at).not.toEqual(first?.announce_at));
    expect(await turn()).toMatchObject([{ announcements: 1 }]);
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
      expect(await shop.database.query(TURN, [orderId])).toEqual([{ announcements: 21, announce_at: null }]),
    );
  });

  it('is announced no more when the inboxes take it for expired', async () => {
    const { orderId } = await shop.place();
    await shop.database.query(
      `UPDATE orders SET announcements = 20, created_at = now() - interval '2 days', announce_at = now()
       WHERE order_id = $1`,
      [orderId],
    );
    await eventually(async () =>
      expect(await shop.database.query(TURN, [orderId])).toEqual([{ announcements: 20, announce_at: null }]),
    );
  });
});

describe('the claim of due orders', () => {
  it('asks the index for them, and the outbox once for all', async () => {
    const plan = await shop.database.transaction(async (sql) => {
      await sql.query(`PREPARE claim AS ${CLAIM_PENDING}`);
      return sql.query<{ 'QUERY PLAN': string }>('EXPLAIN EXECUTE claim (200, 60000, 3600000, 30)');
    });
    const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
    expect(lines).toMatch(/Index Cond: \(announce_at <= /);
    expect(lines).toMatch(/Filter: .*hashed SubPlan/);
  });
});

type Turn = { announcements: number; announce_at: Date | null };
const TURN = 'SELECT announcements, announce_at FROM orders WHERE order_id = $1';
