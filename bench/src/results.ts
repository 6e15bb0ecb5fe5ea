import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Sample } from './report/summary.ts';

/** The samples of one series of runs, a file each, so that a series that was interrupted goes on where it was. */
export type Results = {
  folder: string;
  /** Whether it has been measured on enough of the machine: judged anew, for the best that was seen may have risen. */
  has(scenario: string, system: string, run: number): boolean;
  add(sample: Sample): void;
  /** Those that count: all, but for what was disturbed where there is something better of the same system. */
  counting(): { samples: Sample[]; disturbed: number };
  /** How much of the machine that is, of the best that was ever seen while this series was measured. */
  shareOf(speed: number): number;
  /** The least of it that there was: before, after, and of what was asked for in between. */
  shareOfVisit(visit: Pick<Sample, 'machineSpeed' | 'givenShare'>): number;
};

/** With a smaller share of the machine a visit does not count, and is repeated later. */
export const LEAST_SHARE = 0.5;

export function openResults(folder: string, fresh: boolean): Results {
  if (fresh) rmSync(folder, { recursive: true, force: true });
  const samples = path.join(folder, 'samples');
  mkdirSync(samples, { recursive: true });
  const fileOf = (scenario: string, system: string, run: number) => `${scenario}.${system}.${run}.json`;
  const speedFile = path.join(folder, 'machine.json');
  const all = () =>
    readdirSync(samples)
      .filter((name) => name.endsWith('.json'))
      .map((name) => read<Sample>(path.join(samples, name)));
  let { best } = readOr(speedFile, { best: 0 });
  const shareOf = (speed: number) => {
    if (speed > best) {
      best = speed;
      write(speedFile, { best });
    }
    return speed / best;
  };
  const shareOfVisit: Results['shareOfVisit'] = ({ machineSpeed: { before, after }, givenShare = 1 }) =>
    Math.min(shareOf(before), shareOf(after), givenShare);
  const isDisturbed = (sample: Sample) => shareOfVisit(sample) < LEAST_SHARE;
  return {
    folder,
    has: (scenario, system, run) =>
      all().some((it) => it.scenario === scenario && it.system === system && it.run === run && !isDisturbed(it)),
    add: (sample) => write(path.join(samples, fileOf(sample.scenario, sample.system, sample.run)), sample),
    counting: () => {
      const { sound = [], disturbed = [] } = Object.groupBy(all(), (it) => (isDisturbed(it) ? 'disturbed' : 'sound'));
      const isBetter = ({ scenario, system }: Sample) =>
        sound.some((it) => it.scenario === scenario && it.system === system);
      const kept = disturbed.filter((sample) => !isBetter(sample));
      return { samples: [...sound, ...kept], disturbed: kept.length };
    },
    shareOf,
    shareOfVisit,
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
