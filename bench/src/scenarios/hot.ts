import { orderSources } from '../load/order-source.ts';
import { startSystem } from '../systems/start-system.ts';
import { compareOrders } from './compare.ts';
import type { Scenario } from './scenario.ts';

/** Every order is for the same product: one row that all of them change. */
export const hot: Scenario = {
  name: 'hot',
  systems: ['ours', 'dbos', 'restate', 'temporal'],
  visit: async (session, name, size) => {
    await using system = await startSystem(session, name);
    const orders = orderSources();
    const ways = { uniform: orders.of(), hot: orders.of({ hotProduct: true }) };
    return await compareOrders(session, system, ways, size);
  },
};
