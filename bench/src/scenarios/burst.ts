import { drained, placeAll } from '../load/burst.ts';
import { LOST_AFTER_MS } from '../load/lost.ts';
import { orderSources } from '../load/order-source.ts';
import { memoryOf } from '../meters/readings.ts';
import { startOurs } from '../systems/ours.ts';
import { measureThroughput } from './measure-throughput.ts';
import type { Scenario } from './scenario.ts';

const ORDERS = { full: 20_000, small: 1_000 } as const;
const REQUESTS = 512;
const WARM_UP_IN_FLIGHT = 64;

/** A sudden burst: how quickly it is accepted, how long it takes until all of it is done, and whether all of it is. */
export const burst: Scenario = {
  name: 'burst',
  systems: ['ours'],
  visit: async (session, _name, size) => {
    await using system = await startOurs(session);
    const source = orderSources().of();
    await measureThroughput(session, system, source, WARM_UP_IN_FLIGHT, size);
    const before = memoryOf(system);
    const orders = ORDERS[size];
    const started = performance.now();
    const seconds = () => (performance.now() - started) / 1_000;
    const ends = await placeAll(system, source, { orders, requests: REQUESTS });
    const accepted = seconds();
    const lost = await drained(ends, source, LOST_AFTER_MS);
    const drain = seconds();
    const rates = { 'accepted/s': orders / accepted, 'drain s': drain, 'sagas/s': orders / drain };
    return { before, burst: { ...rates, lost, ...memoryOf(system) } };
  },
};
