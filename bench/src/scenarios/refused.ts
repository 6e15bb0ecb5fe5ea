import { orderSources } from '../load/order-source.ts';
import { startSystem } from '../systems/start-system.ts';
import { compareOrders } from './compare.ts';
import type { Scenario } from './scenario.ts';

const EACH_FIFTH = 5;

/** A fifth of the orders is refused at the balance, and product and coupon are undone. */
export const refused: Scenario = {
  name: 'refused',
  systems: ['ours', 'dbos', 'restate', 'temporal'],
  visit: async (session, name, size) => {
    await using system = await startSystem(session, name);
    const orders = orderSources();
    const ways = { accepted: orders.of(), refused: orders.of({ refusedEvery: EACH_FIFTH }) };
    return await compareOrders(session, system, ways, size);
  },
};
