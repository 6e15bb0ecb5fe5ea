import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What `--cpu-prof` writes, as far as it is read here. Times are in microseconds. */
export type CpuProfile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
};

export type SelfTime = { where: string; milliseconds: number };

/** Where a process was itself at work, the most first; idle time is left out. */
export function selfTimesOf({ nodes, samples, timeDeltas }: CpuProfile): SelfTime[] {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    const where = places.get(id) ?? '(unknown)';
    times.set(where, (times.get(where) ?? 0) + (timeDeltas[index] ?? 0) / 1_000);
  });
  times.delete('(idle)');
  return [...times]
    .map(([where, milliseconds]) => ({ where, milliseconds }))
    .toSorted((a, b) => b.milliseconds - a.milliseconds);
}

/** `functionName file:line`, the file without what is the same for all. */
function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return functionName;
  const file = url
    .replace(/^.*\/node_modules\//, '')
    .replace(/^file:\/\/.*?\/((packages|services|orchestrator)\/)/, '$1');
  return `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}

const MAIN = /\/(orchestrator|services\/([a-z]+))\/src\/main\.ts$/;

/** Which service it is of: the one whose main.ts it runs. */
export function serviceOf({ nodes }: CpuProfile): string | undefined {
  for (const { callFrame } of nodes) {
    const match = MAIN.exec(callFrame.url);
    if (match) return match[2] ?? match[1];
  }
  return undefined;
}

/** What the processes of each service did with their time, for a person. */
export function profileReport(folder: string, top: number): string {
  const sections = globSync('*.cpuprofile', { cwd: folder }).map((file) => {
    const profile = JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as CpuProfile;
    const times = selfTimesOf(profile);
    const all = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const lines = times
      .slice(0, top)
      .map(({ where, milliseconds }) => `${((100 * milliseconds) / all).toFixed(1).padStart(5)} %  ${where}`);
    return `${serviceOf(profile) ?? 'unknown'}: ${(all / 1_000).toFixed(1)} s at work (${file})\n${lines.join('\n')}`;
  });
  return `${sections.toSorted().join('\n\n')}\n`;
}
