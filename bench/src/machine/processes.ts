import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: what /proc counts in, on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const KIB = 1_024;
const MB = 1_000_000;

type Stat = { parent: number; seconds: number };

/** CPU of each process, what its ended children used included; empty where there is no /proc. */
function allStats(): Map<number, Stat> {
  const stats = new Map<number, Stat>();
  if (process.platform !== 'linux') return stats;
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? statOf(pid) : undefined;
    if (stat) stats.set(pid, stat);
  }
  return stats;
}

/** proc(5): after the name in parentheses, state, parent, and as the 12th to 15th field utime, stime, cutime, cstime. */
function statOf(pid: number): Stat | undefined {
  const text = read(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { parent: Number(fields[1]), seconds: ticks / TICKS_PER_SECOND };
}

/** Undefined when the process has ended meanwhile. */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** By part, its processes. */
type Parts = Readonly<Record<string, readonly number[]>>;

/** The same of each part, by one look at all processes. */
function ofEach(parts: Parts, measure: (stats: ReadonlyMap<number, Stat>) => number): Record<string, number> {
  const stats = allStats();
  return Object.fromEntries(Object.entries(parts).map(([part, pids]) => [part, measure(withChildren(stats, pids))]));
}

/** These processes and all below them. */
function withChildren(stats: ReadonlyMap<number, Stat>, pids: readonly number[]): Map<number, Stat> {
  const wanted = new Set(pids);
  const belongs = (pid: number): boolean => {
    const stat = stats.get(pid);
    return stat !== undefined && (wanted.has(pid) || belongs(stat.parent));
  };
  return new Map([...stats].filter(([pid]) => belongs(pid)));
}

/** CPU seconds that the processes of each part and all below them have used so far. */
export const cpuSecondsOf = (parts: Parts): Record<string, number> =>
  ofEach(parts, (stats) => stats.values().reduce((sum, { seconds }) => sum + seconds, 0));

/** The most memory that a process of each part, or one below it, ever had resident, in MB: the largest of these. */
export const peakMemoryMbOf = (parts: Parts): Record<string, number> =>
  ofEach(parts, (stats) => {
    const peaks = [...stats.keys()].map((pid) =>
      Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0),
    );
    return (Math.max(0, ...peaks) * KIB) / MB;
  });
