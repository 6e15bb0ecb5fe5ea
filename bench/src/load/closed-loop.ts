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
  /** Read when the measuring began, and when it ended; so many ended between the two. */
  from: Reading;
  to: Reading;
  endedBetween: number;
};

const LOOK_AGAIN_MS = 50;
/** A system that is so slow is measured by what it has done until then. */
const LONGEST_ROUND_MS = 120_000;

/**
 * Keeps so many orders in flight: whenever one has ended, the next is placed. Counts those that end while it measures;
 * their latency runs from the POST to the end. Resolves when all have ended.
 *
 * Both the warm-up and the measuring last at least until as many orders have ended as are in flight: they were placed
 * all at once and go through a slow system in step, so that for a while none ends and then many do.
 *
 * @param read what is measured beside it.
 * @throws where more orders, or fewer, were cancelled than the source says.
 */
export async function closedLoop<Reading>(
  system: RunningSystem,
  orders: OrderSource,
  { inFlight, warmUpMs, measureMs }: ClosedLoop,
  read: () => Promise<Reading>,
): Promise<ClosedLoopResult<Reading>> {
  let phase: 'warming up' | 'measuring' | 'over' = 'warming up';
  let everEnded = 0;
  let ended = 0;
  let cancelled = 0;
  const latency = latencyHistogram();

  const keepOneInFlight = async (): Promise<void> => {
    while (phase !== 'over') {
      const placed = performance.now();
      const outcome = await system.run(orders.next());
      everEnded += 1;
      if (phase !== 'measuring') continue;
      ended += 1;
      if (outcome === 'CANCELLED') cancelled += 1;
      latency.record(performance.now() - placed);
    }
  };
  const atLeastOneRound = async (leastMs: number, done: () => number): Promise<void> => {
    await pause(leastMs);
    for (let waited = leastMs; done() < inFlight && waited < LONGEST_ROUND_MS; waited += LOOK_AGAIN_MS)
      await pause(LOOK_AGAIN_MS);
  };
  const measure = async () => {
    await atLeastOneRound(warmUpMs, () => everEnded);
    const from = await read();
    const endedBefore = everEnded;
    const started = performance.now();
    phase = 'measuring';
    await atLeastOneRound(measureMs, () => ended);
    phase = 'over';
    const seconds = (performance.now() - started) / 1_000;
    const counted = { ended, cancelled, seconds, latency: latency.percentiles() };
    const to = await read();
    return { ...counted, from, to, endedBetween: everEnded - endedBefore };
  };

  const loops = Array.from({ length: inFlight }, keepOneInFlight);
  const [result] = await Promise.all([measure(), ...loops]);
  if (result.ended === 0) throw new Error('no order ended while it was measured');
  orders.checkOutcomes(result);
  return result;
}
