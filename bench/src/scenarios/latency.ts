import { closedLoop } from '../load/closed-loop.ts';
import { openLoop } from '../load/open-loop.ts';
import { orderSources } from '../load/order-source.ts';
import type { Figures } from '../meters/readings.ts';
import { toggleProfiles } from '../profiling/profiling.ts';
import { startSystem, systemNames } from '../systems/start-system.ts';
import type { Scenario } from './scenario.ts';

const RATES = { full: [20, 40, 100], small: [40] } as const;
const DURATIONS = {
  full: { warmUpMs: 3_000, measureMs: 20_000 },
  small: { warmUpMs: 1_000, measureMs: 5_000 },
} as const;
/**
 * Before it, in batches about as small as they will be: what is compiled while it runs should have been. Fifteen seconds
 * after its start the compiler of Kafka's virtual machine still takes a tenth of two cores.
 */
const WARM_UP = {
  full: { inFlight: 8, warmUpMs: 45_000, measureMs: 1_000 },
  small: { inFlight: 8, warmUpMs: 5_000, measureMs: 1_000 },
} as const;

/** Whoever takes clearly longer than the orders took to come cannot follow at that rate, and is given no higher one. */
const FOLLOWS = 1.5;

/** How long an order takes while there is little to do. */
export const latency: Scenario = {
  name: 'latency',
  systems: systemNames,
  visit: async (session, name, size) => {
    await using system = await startSystem(session, name);
    const orders = orderSources().of();
    await closedLoop(system, orders, WARM_UP[size], async () => undefined);
    const measured: Record<string, Figures> = {};
    toggleProfiles(session, system.profiled);
    for (const ordersPerSecond of RATES[size]) {
      const load = { ordersPerSecond, ...DURATIONS[size] };
      const started = performance.now();
      const { ended, latency: it } = await openLoop(system, orders, load);
      measured[`${ordersPerSecond}/s`] = {
        orders: ended,
        'p50 ms': it.p50,
        'p90 ms': it.p90,
        'p99 ms': it.p99,
        'p99.9 ms': it.p999,
        'max ms': it.max,
      };
      if (performance.now() - started > FOLLOWS * (load.warmUpMs + load.measureMs)) break;
    }
    toggleProfiles(session, system.profiled);
    return measured;
  },
};
