import { setTimeout as pause } from 'node:timers/promises';
import type { RunningSystem } from '../systems/system.ts';
import { latencyHistogram, type Percentiles } from './latency-histogram.ts';
import type { OrderSource } from './order-source.ts';

export type ClosedLoop = { inFlight: number; warmUpMs: number; measureMs: number };

export type ClosedLoopResult<Reading> = {
  ended: number;
  cancelled: number;
  seconds: number;
  latency: Percentiles;
  /** Read when the measuring began, and when it ended. */
  from: Reading;
  to: Reading;
};

const LOOK_AGAIN_MS = 50;
/** Measured all the same then: a system that is so slow is not made slower by it. */
const LONGEST_WARM_UP_MS = 120_000;

/**
 * Keeps so many orders in flight: whenever one has ended, the next is placed. Counts those that end while it measures;
 * their latency runs from the POST to the end. Resolves when all have ended.
 *
 * The warm-up lasts until the first orders have ended, too: they were placed all at once and go through the system in
 * step, so that at first none ends and then many do.
 *
 * @param read what is measured beside it.
 */
export async function closedLoop<Reading>(
  system: RunningSystem,
  orders: OrderSource,
  { inFlight, warmUpMs, measureMs }: ClosedLoop,
  read: () => Promise<Reading>,
): Promise<ClosedLoopResult<Reading>> {
  let phase: 'warming up' | 'measuring' | 'over' = 'warming up';
  let warmedUp = 0;
  let ended = 0;
  let cancelled = 0;
  const latency = latencyHistogram();

  const keepOneInFlight = async (): Promise<void> => {
    while (phase !== 'over') {
      const placed = performance.now();
      const outcome = await system.run(orders.next());
      if (phase === 'warming up') warmedUp += 1;
      if (phase !== 'measuring') continue;
      ended += 1;
      if (outcome === 'CANCELLED') cancelled += 1;
      latency.record(performance.now() - placed);
    }
  };
  const warmUp = async (): Promise<void> => {
    await pause(warmUpMs);
    for (let waited = warmUpMs; warmedUp < inFlight && waited < LONGEST_WARM_UP_MS; waited += LOOK_AGAIN_MS)
      await pause(LOOK_AGAIN_MS);
  };
  const measure = async () => {
    await warmUp();
    const from = await read();
    const started = performance.now();
    phase = 'measuring';
    await pause(measureMs);
    phase = 'over';
    const seconds = (performance.now() - started) / 1_000;
    const counted = { ended, cancelled, seconds, latency: latency.percentiles() };
    return { ...counted, from, to: await read() };
  };

  const loops = Array.from({ length: inFlight }, keepOneInFlight);
  const [result] = await Promise.all([measure(), ...loops]);
  if (result.ended === 0) throw new Error('no order ended while it was measured');
  return result;
}
