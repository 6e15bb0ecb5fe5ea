import { setTimeout as pause } from 'node:timers/promises';
import { within } from '@saga/service-kit/within';
import type { RunningSystem } from '../systems/system.ts';
import { latencyHistogram, type Percentiles } from './latency-histogram.ts';
import { LOST_AFTER_MS } from './lost.ts';
import type { OrderSource } from './order-source.ts';

export type ClosedLoop = { inFlight: number; warmUpMs: number; measureMs: number };

export type ClosedLoopResult<Reading> = {
  perSecond: number;
  latency: Percentiles;
  /** Read when the measuring began, and when it ended; so many orders were done between the two. */
  from: Reading;
  to: Reading;
  orders: number;
};

const LOOK_AGAIN_MS = 50;
/** A system that is so slow is measured by the count of what it has done until then. */
const LONGEST_ROUND_MS = 120_000;

/**
 * Keeps so many orders in flight: whenever one has ended, the next is placed. The latency of those that end while it
 * measures runs from the POST to the end. Resolves when all have ended.
 *
 * Orders that were placed all at once go through a slow system in step, so that for a while none ends and then many do:
 * to count them would be to count whole rounds. So both the warm-up and the measuring last at least until as many have
 * ended as are in flight, and the rate is so many as are in flight per mean latency (Little's law).
 *
 * @param read what is measured beside it.
 * @throws where more orders, or fewer, were cancelled than the source says, and where one never ends.
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
    const started = performance.now();
    phase = 'measuring';
    await atLeastOneRound(measureMs, () => ended);
    const to = await read();
    const seconds = (performance.now() - started) / 1_000;
    phase = 'over';
    if (latency.count === 0) throw new Error('no order ended while it was measured');
    const perSecond = ended < inFlight ? ended / seconds : (inFlight * 1_000) / latency.mean;
    return { perSecond, latency: latency.percentiles(), from, to, orders: perSecond * seconds };
  };

  const loops = Array.from({ length: inFlight }, keepOneInFlight);
  const limitMs = warmUpMs + measureMs + 2 * LONGEST_ROUND_MS + LOST_AFTER_MS;
  const [result] = await within(limitMs, 'the end of all orders', Promise.all([measure(), ...loops]));
  orders.checkOutcomes({ ended, cancelled });
  return result;
}
