import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

const BUSY_LOOP = new URL('./busy-loop.ts', import.meta.url);

/** What all cores together give at this moment: a busy loop on each, in millions of steps per second. */
export async function machineSpeed(): Promise<number> {
  const loops = Array.from({ length: availableParallelism() }, async () => {
    const [speed] = (await once(new Worker(BUSY_LOOP), 'message')) as [number];
    return speed;
  });
  return (await Promise.all(loops)).reduce((sum, speed) => sum + speed, 0);
}

/**
 * From now on: which part of the processor time that this machine asked for it was given, between 0 and 1. A virtual one's
 * host gives the rest to others (steal, proc(5)); where nobody tells, all of it.
 */
export function watchGivenShare(): () => number {
  const from = processorTicks();
  return () => {
    const to = processorTicks();
    const used = to.used - from.used;
    const stolen = to.stolen - from.stolen;
    return used + stolen > 0 ? used / (used + stolen) : 1;
  };
}

function processorTicks(): { used: number; stolen: number } {
  if (process.platform !== 'linux') return { used: 0, stolen: 0 };
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = line.match(/\d+/g)?.map(Number) ?? [];
  return { used: user + nice + system + irq + softirq, stolen };
}
