import { ORDER_STEP } from '@saga/messages/ids';
import type { Failure } from '@saga/messages/reasons';
import { type Definition, stepOf } from './definition.ts';
import { openCommands, type Progress } from './progress.ts';
import { atRest, type Run, runsOf, type Saga, type StepState, stateOf } from './state.ts';

/**
 * Whether a refusal, used-up attempts, the deadline or a cancellation turns the saga back: until the pivot has
 * succeeded (or was skipped: what follows it may have no compensation), and not while a pivot that could not be undone
 * is under way: that one can only be tried until its outcome is known.
 */
export function mayTurnBack(definition: Definition, saga: Saga): boolean {
  if (saga.status !== 'RUNNING') return false;
  const { status } = stateOf(saga, definition.pivot);
  const hasCompensation = stepOf(definition, definition.pivot).compensation !== undefined;
  return status === 'WAITING' || status === 'REJECTED' || (status === 'SENT' && hasCompensation);
}

/** Turns the saga back: no new action is sent, none is sent again, and everything that was sent is undone. */
export function turnBack(progress: Progress, failure: Failure): void {
  for (const place of openCommands(progress.saga)) progress.setCommand(place, atRest(progress.command(place)));
  progress.update({ status: 'COMPENSATING', failure });
  goBack(progress);
}

/**
 * Undoes every generation of every step whose dependents are all undone, in parallel; the order comes last, because
 * everything depends on it. What was sent is undone whatever its reply, unless that was `rejected`: no reply means
 * unknown, never "it did not happen". COMPENSATED when every compensation has been acknowledged. A paused saga undoes
 * nothing.
 */
export function goBack(progress: Progress): void {
  for (const name of progress.stepNames) {
    const isFree =
      !progress.saga.paused &&
      progress.defined(name).dependents.every((dependent) => nothingStands(progress.step(dependent)));
    if (!isFree) continue;
    runsOf(progress.step(name)).forEach((run, generation) => {
      if (isToBeUndone(run)) progress.sendCompensation(name, generation);
    });
  }
  if (nothingStands(progress.step(ORDER_STEP))) progress.end('COMPENSATED');
}

const isToBeUndone = ({ action, compensation }: Run): boolean =>
  compensation === undefined && action.answer?.outcome !== 'rejected';

/** The steps of a saga on its way back whose compensation has not been sent yet: the order, which comes last, last. */
export const stillToUndo = (definition: Definition, saga: Saga): string[] =>
  saga.status === 'COMPENSATING'
    ? [...definition.steps.keys()].filter((step) => runsOf(stateOf(saga, step)).some(isToBeUndone)).toReversed()
    : [];

/** Nothing of this step stands any more, or ever stood: each generation was refused, or its undo acknowledged. */
export const nothingStands = (step: StepState): boolean =>
  runsOf(step).every(({ action, compensation }) =>
    compensation ? compensation.answer !== undefined : action.answer?.outcome === 'rejected',
  );
