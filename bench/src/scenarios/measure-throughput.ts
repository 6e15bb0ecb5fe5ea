import { closedLoop } from '../load/closed-loop.ts';
import type { OrderSource } from '../load/order-source.ts';
import { type Figures, perSaga, readMeters } from '../meters/readings.ts';
import { toggleProfiles } from '../profiling/profiling.ts';
import type { Session } from '../session.ts';
import type { RunningSystem } from '../systems/system.ts';
import type { Size } from './scenario.ts';

const DURATIONS = {
  full: { warmUpMs: 4_000, measureMs: 10_000 },
  small: { warmUpMs: 2_000, measureMs: 5_000 },
} as const;

/** A system that has just started is compiled while it works. */
const WARM_UP = {
  full: { inFlight: 128, warmUpMs: 20_000, measureMs: 1_000 },
  small: { inFlight: 64, warmUpMs: 2_000, measureMs: 1_000 },
} as const;

/** Before the first measurement. */
export async function warmUp(system: RunningSystem, orders: OrderSource, size: Size): Promise<void> {
  await closedLoop(system, orders, WARM_UP[size], async () => undefined);
}

/** Sagas that end per second with so many in flight, and what each costs. */
export async function measureThroughput(
  session: Session,
  system: RunningSystem,
  orders: OrderSource,
  inFlight: number,
  size: Size,
): Promise<Figures> {
  // Outside of what is measured: to begin a profile takes a moment.
  toggleProfiles(session, system.profiled);
  const {
    perSecond,
    latency,
    from,
    to,
    orders: done,
  } = await closedLoop(system, orders, { inFlight, ...DURATIONS[size] }, () => readMeters(session, system));
  toggleProfiles(session, system.profiled);
  return {
    'sagas/s': perSecond,
    'p50 ms': latency.p50,
    'p99 ms': latency.p99,
    ...perSaga(from, to, done),
  };
}
