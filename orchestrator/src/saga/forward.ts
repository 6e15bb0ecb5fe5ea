import type { Progress } from './progress.ts';

/** Sends whatever has become ready, in parallel, unless the saga is paused; ends it when all is done. */
export function goForward(progress: Progress): void {
  let settled: boolean;
  do {
    settled = true;
    for (const name of progress.stepNames) {
      if (progress.step(name).status !== 'WAITING' || !isReady(progress, name)) continue;
      if (progress.defined(name).when(progress.saga.order)) {
        if (!progress.saga.paused) progress.sendAction(name);
      } else {
        progress.setStep(name, { status: 'SKIPPED' });
        settled = false; // what waits for a skipped step is ready now
      }
    }
  } while (!settled);
  if (progress.stepNames.every((name) => isDone(progress, name))) progress.end('COMPLETED');
}

const isReady = (progress: Progress, name: string): boolean =>
  progress.defined(name).after.every((dependency) => isDone(progress, dependency));

const isDone = (progress: Progress, name: string): boolean => {
  const { status } = progress.step(name);
  return status === 'SUCCEEDED' || status === 'SKIPPED';
};
