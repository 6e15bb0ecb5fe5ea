import type { OrderSource } from '../load/order-source.ts';
import { type Figures, memoryOf } from '../meters/readings.ts';
import type { Session } from '../session.ts';
import type { RunningSystem } from '../systems/system.ts';
import { measureThroughput } from './measure-throughput.ts';
import type { Size } from './scenario.ts';

/** Enough to be near the best of ours without most of the time being a queue. */
const COMPARED_IN_FLIGHT = { full: 512, small: 64 } as const;

/** One way and the other, in turns on the same running system: what the machine does meanwhile it does to both. */
export async function compareInTurns(
  session: Session,
  system: RunningSystem,
  ways: Readonly<Record<string, OrderSource>>,
  size: Size,
): Promise<Record<string, Figures>> {
  const measured: Record<string, Figures> = {};
  for (const [label, orders] of Object.entries(ways)) {
    const figures = await measureThroughput(session, system, orders, COMPARED_IN_FLIGHT[size], size);
    measured[label] = { ...figures, ...memoryOf(system) };
  }
  return measured;
}
