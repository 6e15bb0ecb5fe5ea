import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { Result } from './run.ts';
import { summaryOf, Tally } from './tally.ts';
import { traceOf } from './trace.ts';

const USAGE =
  'usage: simulate [--seed N] [--runs M]   M runs (one by default) of 20 to 70 orders each, with the seeds from N on';
const LARGEST_SEED = 10 ** 9;
const MAX_VIOLATIONS = 5;

const { seed: first, runs } = read();
const tally = new Tally();
const failed = await simulate();
console.log(summaryOf(tally));
if (failed) await explain(failed);

function read(): { seed: number; runs: number } {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, runs: { type: 'string', default: '1' } } });
  const seed = Number(values.seed ?? Math.floor(Math.random() * LARGEST_SEED));
  const runs = Number(values.runs);
  if (Number.isSafeInteger(seed) && Number.isSafeInteger(runs) && runs > 0) return { seed, runs };
  console.error(USAGE);
  process.exit(2);
}

/** Every core takes the next seed, until there is none left or one has failed; returns the lowest that failed. */
async function simulate(): Promise<Result | undefined> {
  let next = first;
  let failure: Result | undefined;
  const work = (worker: Worker): Promise<void> =>
    new Promise((resolve, reject) => {
      const giveNext = (): void => {
        if (failure || next >= first + runs) {
          resolve();
          return;
        }
        worker.postMessage(next);
        next += 1;
      };
      worker.on('error', reject);
      worker.on('message', (result: Result) => {
        tally.add(result);
        if (result.violations.length > 0 && (!failure || result.seed < failure.seed)) failure = result;
        giveNext();
      });
      giveNext();
    });
  const workers = Array.from(
    { length: Math.min(availableParallelism(), runs) },
    () => new Worker(new URL('./worker.ts', import.meta.url)),
  );
  await Promise.all(workers.map(work));
  for (const worker of workers) await worker.terminate();
  return failure;
}

/** The same seed gives the same run: it is run once more to be told. */
async function explain({ seed, violations }: Result): Promise<void> {
  console.error(`\nseed ${seed} breaks what must hold; the same run again: pnpm simulate --seed ${seed}`);
  for (const { invariant, detail } of violations.slice(0, MAX_VIOLATIONS)) console.error(`  ${invariant}: ${detail}`);
  console.error('\nwhat happened:');
  for (const line of await traceOf(seed, violations)) console.error(line);
  process.exitCode = 1;
}
