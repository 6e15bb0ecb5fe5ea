import { once } from 'node:events';
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
