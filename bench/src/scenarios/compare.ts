import type { OrderSource } from '../load/order-source.ts';
import { type Figures, memoryOf } from '../meters/readings.ts';
import type { Measured } from '../report/summary.ts';
import type { Session } from '../session.ts';
import type { RunningSystem } from '../systems/system.ts';
import { measureThroughput, warmUp } from './measure-throughput.ts';
import type { Size } from './scenario.ts';

/** Enough to be near the best of ours without most of the time being a queue. */
const COMPARED_IN_FLIGHT = { full: 512, small: 64 } as const;

/**
 * One way and the other on the same running system, there and back (A B B A): what the machine does meanwhile, what gets
 * warm and what fills up, it does to both. A figure is the mean of the two times.
 */
export const compareOrders = async (
  session: Session,
  system: RunningSystem,
  ways: Readonly<Record<string, OrderSource>>,
  size: Size,
): Promise<Measured> => withRatios(await inTurns(session, system, ways, size));

/**
 * Systems that are started one after the other, in every second run the other way round: what the machine does meanwhile
 * would favour the first or the last.
 */
export async function compareSystems(
  session: Session,
  ways: Readonly<Record<string, { start: () => Promise<RunningSystem>; orders: OrderSource }>>,
  size: Size,
  run: number,
): Promise<Measured> {
  const there = Object.entries(ways);
  const measured: Record<string, Figures> = {};
  for (const [label, { start, orders }] of run % 2 === 1 ? there : there.toReversed()) {
    await using system = await start();
    Object.assign(measured, await inTurns(session, system, { [label]: orders }, size));
  }
  return withRatios(Object.fromEntries(there.map(([label]) => [label, measured[label] ?? {}])));
}

async function inTurns(
  session: Session,
  system: RunningSystem,
  ways: Readonly<Record<string, OrderSource>>,
  size: Size,
): Promise<Record<string, Figures>> {
  const inFlight = COMPARED_IN_FLIGHT[size];
  const [first] = Object.values(ways);
  if (first) await warmUp(system, first, size);
  const there = Object.entries(ways);
  const passes: Record<string, Figures[]> = {};
  for (const [label, orders] of [...there, ...there.toReversed()]) {
    const figures = await measureThroughput(session, system, orders, inFlight, size);
    passes[label] = [...(passes[label] ?? []), figures];
  }
  const memory = memoryOf(system);
  return Object.fromEntries(Object.entries(passes).map(([label, of]) => [label, { ...meanOf(of), ...memory }]));
}

function meanOf(passes: readonly Figures[]): Figures {
  const figures = [...new Set(passes.flatMap(Object.keys))];
  const mean = (figure: string) => passes.reduce((sum, pass) => sum + (pass[figure] ?? 0), 0) / passes.length;
  return Object.fromEntries(figures.map((figure) => [figure, mean(figure)]));
}

/** Beside the first of them: two that were measured one after the other say more together than each alone. */
function withRatios(measured: Measured): Measured {
  const [base] = Object.values(measured);
  const ratioOf = (figures: Figures) => (figures['sagas/s'] ?? Number.NaN) / (base?.['sagas/s'] ?? Number.NaN);
  return Object.fromEntries(
    Object.entries(measured).map(([label, figures]) => [
      label,
      figures === base ? figures : { ...figures, ratio: ratioOf(figures) },
    ]),
  );
}
