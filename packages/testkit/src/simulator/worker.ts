import { parentPort } from 'node:worker_threads';
import { run } from './run.ts';

/** Faults are thrown by the thousand, and nobody reads where. */
Error.stackTraceLimit = 0;

/** Gets seeds, answers with results, one at a time. */
parentPort?.on('message', async (seed: number) => {
  parentPort?.postMessage(await run(seed));
});
