import path from 'node:path';
import { runProgram } from '@saga/tools/run-program';
import { latencyAndThroughput, type QuickFigures } from './quick-figures.ts';
import { shown } from './report/goals.ts';
import { type Limits, regressionsOf } from './report/regressions.ts';
import { openSession } from './session.ts';

/**
 * Two minutes against regressions: ours beside the floor, so that only ratios count. A regression has to be seen twice.
 * The limits are far enough from what is usual that only a clear one breaks them; raise them as it gets better.
 */
const LIMITS: Limits = { leastShareOfFloor: 0.4, mostTimesFloorP50: 4 };
const TRIES = 2;
const INTERRUPTED = 130;
const RESULTS = path.resolve(import.meta.dirname, '../results/quick');

const say = (line: string) => console.log(line);
const line = ({ sagasPerSecond, p50Ms, p99Ms }: QuickFigures) =>
  `${shown(sagasPerSecond)} sagas/s   p50 ${shown(p50Ms)} ms, p99 ${shown(p99Ms)} ms`;

await runProgram(async () => {
  const session = await openSession({ folder: RESULTS, profiles: undefined, say });
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => void session.close().finally(() => process.exit(INTERRUPTED)));
  try {
    for (let tried = 1; tried <= TRIES; tried += 1) {
      const floor = await latencyAndThroughput(session, 'floor');
      say(`floor  ${line(floor)}`);
      const ours = await latencyAndThroughput(session, 'ours');
      say(`ours   ${line(ours)}`);
      const regressions = regressionsOf(ours, floor, LIMITS);
      for (const regression of regressions) say(regression);
      process.exitCode = regressions.length === 0 ? 0 : 1;
      if (regressions.length === 0) return;
    }
  } finally {
    await session.close();
  }
});
process.exit();
