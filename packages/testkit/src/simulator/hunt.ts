import { type Mutant, mutants } from './mutants.ts';
import { importMutated } from './mutated-modules.ts';

/** How long a mutant lived: the first run that caught it, and by what; or not at all. */
export type Caught = { name: string; seed: number; by: string } | { name: string; seed: undefined; by: string };

type Run = typeof import('./run.ts');

/** Runs the simulator on a broken guard until a run sees it, with the seeds from 1 to `runs`. */
async function hunt(mutant: Mutant, runs: number): Promise<Caught> {
  const { name } = mutant;
  const { run } = (await importMutated(new URL('./run.ts', import.meta.url), mutant)) as Run;
  for (let seed = 1; seed <= runs; seed += 1) {
    const [violation] = (await run(seed)).violations;
    if (violation) return { name, seed, by: violation.invariant };
  }
  return { name, seed: undefined, by: `nothing in ${runs} runs` };
}

const [runs = '30', only = ''] = process.argv.slice(2);
for (const mutant of mutants) {
  if (!mutant.name.includes(only)) continue;
  const started = performance.now();
  const caught = await hunt(mutant, Number(runs));
  console.log(JSON.stringify(caught), Math.round(performance.now() - started));
}
