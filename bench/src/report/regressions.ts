import type { QuickFigures } from '../quick-figures.ts';
import { shown } from './goals.ts';

/** Both by comparison with the floor, measured on the same machine in the same minute. */
export type Limits = { leastShareOfFloor: number; mostTimesFloorP50: number };

/** What is clearly worse than it was, in a sentence each. */
export function regressionsOf(ours: QuickFigures, floor: QuickFigures, limits: Limits): string[] {
  const share = ours.sagasPerSecond / floor.sagasPerSecond;
  const times = ours.p50Ms / floor.p50Ms;
  const regressions: string[] = [];
  if (share < limits.leastShareOfFloor)
    regressions.push(`throughput is ${shown(share)} of the floor's: it must be at least ${limits.leastShareOfFloor}`);
  if (times > limits.mostTimesFloorP50)
    regressions.push(
      `the median latency is ${shown(times)} × the floor's: it may be ${limits.mostTimesFloorP50} × at most`,
    );
  return regressions;
}
