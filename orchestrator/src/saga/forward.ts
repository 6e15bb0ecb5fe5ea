import type { Definition } from './definition.ts';
import type { Progress } from './progress.ts';
import { lastRunOf, type Saga, stateOf } from './state.ts';

/** Sends whatever has become ready, in parallel; ends the saga when all is done. */
export function goForward(progress: Progress): void {
  let settled: boolean;
  do {
    settled = true;
    for (const name of progress.stepNames) {
      if (progress.step(name).status !== 'WAITING' || !isReady(progress, name)) continue;
      if (progress.defined(name).when(progress.saga.order)) {
        progress.sendAction(name);
      } else {
        progress.setStep(name, { status: 'SKIPPED' });
        settled = false; // what waits for a skipped step is ready now
      }
    }
  } while (!settled);
  if (progress.stepNames.every((name) => isDone(progress.saga, name)))
    progress.update({ status: 'COMPLETED', endedAt: progress.now });
}

const isReady = (progress: Progress, name: string): boolean =>
  progress.defined(name).after.every((dependency) => isDone(progress.saga, dependency));

const isDone = (saga: Saga, name: string): boolean => {
  const { status } = stateOf(saga, name);
  return status === 'SUCCEEDED' || status === 'SKIPPED';
};

/**
 * From here on there is only forward: the pivot has succeeded, or is under way and could not be undone. Until then a
 * refusal, a deadline or a cancellation may turn the saga back.
 */
export function isPastReturn(definition: Definition, saga: Saga): boolean {
  const pivot = stateOf(saga, definition.pivot);
  if (pivot.status === 'SUCCEEDED' || pivot.status === 'SKIPPED') return true;
  return hasIrrevocablePivotInFlight(definition, saga);
}

/** A pivot without a compensation whose outcome is unknown can only be tried until it is known. */
export function hasIrrevocablePivotInFlight(definition: Definition, saga: Saga): boolean {
  const pivot = stateOf(saga, definition.pivot);
  return (
    definition.steps.get(definition.pivot)?.compensation === undefined &&
    pivot.status === 'SENT' &&
    lastRunOf(pivot)?.action.answer === undefined
  );
}
