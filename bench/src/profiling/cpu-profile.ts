import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** What Node's profiler gives, as far as it is read here. Times are in microseconds. */
export type CpuProfile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
};

export type SelfTime = { where: string; milliseconds: number };

/** Rest, and what it takes to begin a profile. */
const NOT_WORK = /^(\(idle\)$|post node:inspector)/;

/** Where processes were themselves at work, the most first. */
export function selfTimesOf(profiles: readonly CpuProfile[]): SelfTime[] {
  const times = new Map<string, number>();
  for (const { nodes, samples, timeDeltas } of profiles) {
    const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
    samples.forEach((id, index) => {
      const where = places.get(id) ?? '(unknown)';
      times.set(where, (times.get(where) ?? 0) + (timeDeltas[index] ?? 0) / 1_000);
    });
  }
  return [...times]
    .filter(([where]) => !NOT_WORK.test(where))
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

/** What the processes of each service did with their time, all profiles of it together, for a person. */
export function profileReport(folder: string, top: number): string {
  const files = globSync('*.cpuprofile', { cwd: folder });
  const services = Map.groupBy(files, (file) => file.split('.', 1)[0] ?? file);
  const sections = [...services].map(([service, itsFiles]) => {
    const profiles = itsFiles.map((file) => JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as CpuProfile);
    const times = selfTimesOf(profiles);
    const all = times.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const lines = times
      .slice(0, top)
      .map(({ where, milliseconds }) => `${((100 * milliseconds) / all).toFixed(1).padStart(5)} %  ${where}`);
    return `${service}: ${(all / 1_000).toFixed(1)} s at work\n${lines.join('\n')}`;
  });
  return `${sections.toSorted().join('\n\n')}\n`;
}
