import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Sample } from './report/summary.ts';

/** The samples of one series of runs, a file each, so that a series that was interrupted goes on where it was. */
export type Results = {
  folder: string;
  has(scenario: string, system: string, run: number): boolean;
  add(sample: Sample): void;
  all(): Sample[];
  /** The best speed of the machine that was ever seen while this series was measured. */
  bestSpeed(now: number): number;
};

export function openResults(folder: string, fresh: boolean): Results {
  if (fresh) rmSync(folder, { recursive: true, force: true });
  const samples = path.join(folder, 'samples');
  mkdirSync(samples, { recursive: true });
  const fileOf = (scenario: string, system: string, run: number) => `${scenario}.${system}.${run}.json`;
  const speedFile = path.join(folder, 'machine.json');
  const names = () => readdirSync(samples).filter((name) => name.endsWith('.json'));
  return {
    folder,
    has: (scenario, system, run) => names().includes(fileOf(scenario, system, run)),
    add: (sample) => write(path.join(samples, fileOf(sample.scenario, sample.system, sample.run)), sample),
    all: () => names().map((name) => read<Sample>(path.join(samples, name))),
    bestSpeed: (now) => {
      const best = Math.max(now, readOr(speedFile, { best: 0 }).best);
      write(speedFile, { best });
      return best;
    },
  };
}

const read = <Value>(file: string): Value => JSON.parse(readFileSync(file, 'utf8')) as Value;

function readOr<Value>(file: string, missing: Value): Value {
  try {
    return read(file);
  } catch {
    return missing; // written by the first measurement
  }
}

/** Moved into place whole: an interruption leaves no half of a file. */
function write(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}
