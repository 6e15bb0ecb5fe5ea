import { createTestDatabase } from '@saga/testkit/test-database';
import { withConnection } from '@saga/tools/database-connection';
import { inThisProcess } from '@saga/tools/in-this-process';
import { serviceNames } from '@saga/tools/service-name';
import { createStack, type Stack } from '@saga/tools/stack';
import { type OrderView, Shop } from './shop.ts';

export type ShopInThisProcess = {
  shop: Shop;
  stack: Stack;
  databaseUrl: string;
  /** By hand, in the tables, as an administrator. */
  execute(statement: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** An order with everything, after all that follows from its end: how much money there is decides which. */
  ended(balance: number): Promise<EndedOrder>;
};

type EndedOrder = OrderView & { productId: number; userId: number };

/** All services in this process, without Kafka, on real PostgreSQL. */
export async function shopInThisProcess(): Promise<ShopInThisProcess> {
  const { adminUrl: databaseUrl } = await createTestDatabase();
  const stack = await createStack({
    databaseUrl,
    kafkaBrokers: ['none:1'],
    ports: 'free',
    env: { PARTITIONS: '1', LOG_LEVEL: 'warn' },
    onLine: () => {},
    say: () => {},
    run: inThisProcess(1),
  });
  await stack.start(serviceNames);
  const shop = new Shop(Object.fromEntries(serviceNames.map((name) => [name, stack.services[name].url])));
  return {
    shop,
    stack,
    databaseUrl,
    execute: (statement, values = []) =>
      withConnection(databaseUrl, async (admin) => (await admin.query(statement, values)).rows),
    ended: async (balance) => {
      const productId = await shop.product({ stock: 5 });
      const userId = await shop.user({ balance });
      const couponId = await shop.coupon({ userId, discountAmount: 500 });
      const order = await shop.orderToItsEnd({ userId, items: [{ productId, quantity: 2 }], couponId });
      await shop.endedSaga(order.orderId);
      await shop.until(
        () => shop.stock(productId),
        ({ reserved }) => reserved === 0,
        'the stock to be settled',
      );
      return { ...order, productId, userId };
    },
  };
}
