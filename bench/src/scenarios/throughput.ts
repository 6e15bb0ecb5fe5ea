import { orderSources } from '../load/order-source.ts';
import { type Figures, memoryOf } from '../meters/readings.ts';
import { startSystem, systemNames } from '../systems/start-system.ts';
import { measureThroughput } from './measure-throughput.ts';
import type { Scenario } from './scenario.ts';

const IN_FLIGHT = { full: [32, 128, 512, 2_048], small: [128] } as const;

/** How many sagas a second, at the number in flight that is best for each system. */
export const throughput: Scenario = {
  name: 'throughput',
  systems: systemNames,
  visit: async (session, name, size) => {
    await using system = await startSystem(session, name);
    const orders = orderSources().of();
    const measured: Record<string, Figures> = {};
    for (const inFlight of IN_FLIGHT[size]) {
      const figures = await measureThroughput(session, system, orders, inFlight, size);
      measured[`${inFlight} in flight`] = { ...figures, ...memoryOf(system) };
    }
    return measured;
  },
};
