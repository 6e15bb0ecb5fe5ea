import { serviceNames } from '@saga/tools/service-name';
import { drained, placeAll } from '../load/burst.ts';
import { LOST_AFTER_MS } from '../load/lost.ts';
import { orderSources } from '../load/order-source.ts';
import { memoryOf } from '../meters/readings.ts';
import { startOurs } from '../systems/ours.ts';
import type { Scenario } from './scenario.ts';

const ORDERS = { full: 10_000, small: 500 } as const;
const REQUESTS = 512;
/** Silent until everything was killed, so that no order has ended by then. */
const HOLDING = 'delivery';

/**
 * Every process is killed while so many orders are in flight, and started again by its supervisor. What was accepted
 * has to end: how long does that take, from the kill on?
 */
export const recovery: Scenario = {
  name: 'recovery',
  systems: ['ours'],
  visit: async (session, _name, size) => {
    await using system = await startOurs(session, { silent: [HOLDING] });
    const orders = ORDERS[size];
    const source = orderSources().of();
    const ends = await placeAll(system, source, { orders, requests: REQUESTS });
    const killed = performance.now();
    for (const name of serviceNames) if (name !== HOLDING) system.stack.kill(name, 'SIGKILL');
    await system.stack.start([HOLDING]);
    const lost = await drained(ends, source, LOST_AFTER_MS);
    const seconds = (performance.now() - killed) / 1_000;
    const figures = { 'recovery s': seconds, 'sagas/s': orders / seconds, lost };
    return { 'all killed': { ...figures, ...memoryOf(system) } };
  },
};
