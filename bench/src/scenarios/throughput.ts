import { orderSources } from '../load/order-source.ts';
import { type Figures, memoryOf } from '../meters/readings.ts';
import { startSystem, systemNames } from '../systems/start-system.ts';
import { measureThroughput, warmUp } from './measure-throughput.ts';
import type { Scenario } from './scenario.ts';

const IN_FLIGHT = { full: [32, 128, 512, 2_048], small: [128] } as const;

/** Clearly past its best, a system is not given still more: a slow one would need a quarter of an hour for it. */
const PAST_ITS_BEST = 0.8;
/** Nor more than it does in this time at its best: it is full, and what is placed then ends after the measurement. */
const LONGEST_ROUND_SECONDS = 60;

/** How many sagas a second, at the number in flight that is best for each system. */
export const throughput: Scenario = {
  name: 'throughput',
  systems: systemNames,
  visit: async (session, name, size) => {
    await using system = await startSystem(session, name);
    const orders = orderSources().of();
    const measured: Record<string, Figures> = {};
    let best = 0;
    await warmUp(system, orders, size);
    for (const inFlight of IN_FLIGHT[size]) {
      if (best > 0 && inFlight > best * LONGEST_ROUND_SECONDS) break;
      const figures = await measureThroughput(session, system, orders, inFlight, size);
      measured[`${inFlight} in flight`] = { ...figures, ...memoryOf(system) };
      const sagasPerSecond = figures['sagas/s'] ?? 0;
      if (sagasPerSecond < PAST_ITS_BEST * best) break;
      best = Math.max(best, sagasPerSecond);
    }
    return measured;
  },
};
