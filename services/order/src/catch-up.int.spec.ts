import { testDatabase } from '@saga/testkit/test-database';
import { describe, expect, it } from 'vitest';
import { productChanged } from './order-messages.fixture.ts';
import { ORDER, startOrderService } from './order-service.fixture.ts';

describe('the order service is ready', () => {
  it('when its read models have caught up, so that it knows all that it has been told', async () => {
    const products = Array.from({ length: 5_000 }, (_, index) => productChanged(1_000 + index, 1));
    const shop = await startOrderService(await testDatabase('order'), {
      catalogue: products,
      env: { MAX_BATCH: '100' },
    });
    expect((await shop.request('GET', '/health/ready')).json).toMatchObject({ status: 503 });
    await shop.ready();
    expect(await shop.database.query('SELECT count(*) AS products FROM products')).toEqual([{ products: 5_000 }]);
    await shop.stop();
  });

  it('after a restart though the broker is away, from what it knew before', async () => {
    const databaseUrl = await testDatabase('order');
    const before = await startOrderService(databaseUrl);
    await before.ready();
    await before.stop();

    const after = await startOrderService(databaseUrl, { brokerIs: 'away' });
    await after.ready();
    const { orderId } = await after.place();
    after.brokerIs('here');
    await expect.poll(() => after.published(orderId).length).toBe(1);
    await after.stop();
  });

  it('not while it has never known anything and the broker is away; and it stops all the same', async () => {
    const shop = await startOrderService(await testDatabase('order'), { brokerIs: 'away' });
    await expect
      .poll(async () => (await shop.request('GET', '/health/ready')).text)
      .toContain('the read models were never filled, and now the broker is away');
    expect((await shop.request('POST', '/orders', ORDER)).status).toBe(422);
    await shop.stop();
  });
});
