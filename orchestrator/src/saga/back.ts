import { ORDER_STEP } from '@saga/messages/ids';
import type { Failure } from '@saga/messages/reasons';
import type { Progress } from './progress.ts';
import { runsOf, type Saga, stateOf } from './state.ts';

/** Turns the saga back: from here no new action is sent, and everything that was sent is undone. */
export function turnBack(progress: Progress, failure: Failure): void {
  progress.update({ status: 'COMPENSATING', failure });
  goBack(progress);
}

/**
 * Undoes every step whose dependents are all undone, in parallel; the order comes last, because everything depends on
 * it. What was sent is undone whatever its reply, unless that was `rejected`: no reply means unknown, never "it did
 * not happen". COMPENSATED when every compensation has been acknowledged.
 */
export function goBack(progress: Progress): void {
  for (const name of progress.stepNames) {
    const isFree = progress.defined(name).dependents.every((dependent) => isUndone(progress.saga, dependent));
    if (!isFree || isUndone(progress.saga, name) || progress.step(name).status === 'COMPENSATING') continue;
    runsOf(progress.step(name)).forEach((run, generation) => {
      if (run.action.answer?.outcome !== 'rejected') progress.sendCompensation(name, generation);
    });
  }
  if (isUndone(progress.saga, ORDER_STEP)) progress.update({ status: 'COMPENSATED', endedAt: progress.now });
}

/** Nothing of this step stands any more, or ever stood. */
function isUndone(saga: Saga, name: string): boolean {
  return runsOf(stateOf(saga, name)).every(
    ({ action, compensation }) =>
      compensation?.answer?.outcome === 'success' ||
      (compensation === undefined && action.answer?.outcome === 'rejected'),
  );
}
