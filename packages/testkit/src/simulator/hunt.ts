import { type Mutant, mutants } from './mutants.ts';
import { importMutated } from './mutated-modules.ts';

/** Which run saw that the guard is broken, and by what; or that none did. */
export type Hunted = { mutant: string; seed: number | null; by: string };

type Simulator = typeof import('./run.ts');

/** The first runs of the simulator on the broken guard, until one of them sees it. */
async function hunt(mutant: Mutant): Promise<Hunted> {
  const { run } = (await importMutated(new URL('./run.ts', import.meta.url), mutant)) as Simulator;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + MAX_RUNS; seed += 1) {
    const [violation] = (await run(seed, { plan: isUsual ? {} : mutant.shownBy })).violations;
    if (violation) return { mutant: mutant.name, seed, by: violation.invariant };
  }
  return { mutant: mutant.name, seed: null, by: `nothing in ${MAX_RUNS} runs` };
}

const FIRST_SEED = 1;
const MAX_RUNS = 60;

/** `--usual`: on the plans that the seeds make, as every run has them. */
const [isUsual, word = ''] = process.argv[2] === '--usual' ? [true, process.argv[3]] : [false, process.argv[2]];

/** A line of JSON per mutant whose name has the word that is given, if any: a process of its own, for it hooks into how modules are loaded. */
for (const mutant of mutants.filter(({ name }) => name.includes(word))) console.log(JSON.stringify(await hunt(mutant)));
