import type { Message } from '@saga/messages/message';
import type { FactTopic } from '@saga/messages/facts';
import type { Reason } from '@saga/messages/reasons';
import { goBack, turnBack } from './back.ts';
import { goForward, isPastReturn } from './forward.ts';
import type { CommandPlace, Progress } from './progress.ts';
import { useUpAttempt } from './retry.ts';
import { type Answer, runsOf, type SentCommand } from './state.ts';

/**
 * A fact has come for a command of this saga. Whichever sending it answers, a success is a success and a refusal a
 * refusal; a `failed` counts only for the sending that is current.
 *
 * @returns whether the fact was news.
 */
export function takeAnswer(progress: Progress, place: CommandPlace, fact: Message<FactTopic>): boolean {
  const command = progress.command(place);
  if (command.answer !== undefined) return false;
  const { body } = fact;
  switch (body.outcome) {
    case 'success': {
      const { orderId: _order, outcome: _outcome, ...reply } = body;
      settle(progress, place, { outcome: 'success', at: progress.now, reply });
      if (place.operation === 'action') actionSucceeded(progress, place);
      else compensationSucceeded(progress, place);
      return true;
    }
    case 'rejected':
      settle(progress, place, { outcome: 'rejected', at: progress.now, reason: body.reason });
      actionRejected(progress, place, body.reason);
      return true;
    case 'failed':
      return takeFailure(progress, place, command, fact.envelope.attempt ?? 1, body.reason);
    default:
      throw body satisfies never;
  }
}

function settle(progress: Progress, place: CommandPlace, answer: Answer): void {
  const { next: _, silentSince: __, stuck: ___, ...command } = progress.command(place);
  progress.setCommand(place, { ...command, answer });
}

function actionSucceeded(progress: Progress, place: CommandPlace): void {
  if (!isCurrent(progress, place)) return;
  const { status } = progress.step(place.step);
  // A late success of a step that is being undone is recorded and changes nothing: its participant's barrier makes
  // the undo right in either order.
  if (status !== 'SENT' && status !== 'FAILED') return;
  progress.setStatus(place.step, 'SUCCEEDED');
  if (progress.saga.status === 'RUNNING') goForward(progress);
}

function actionRejected(progress: Progress, place: CommandPlace, reason: Reason): void {
  const { status } = progress.step(place.step);
  if (isCurrent(progress, place) && (status === 'SENT' || status === 'FAILED'))
    progress.setStatus(place.step, 'REJECTED');
  if (progress.saga.status === 'COMPENSATING') goBack(progress);
  if (progress.saga.status !== 'RUNNING' || !isCurrent(progress, place)) return;
  if (isPastReturn(progress.definition, progress.saga)) {
    // After the pivot nobody may refuse: only an operator can put this right.
    const command = progress.command(place);
    progress.setCommand(place, { ...command, stuck: { since: progress.now, code: reason.code } });
    return;
  }
  turnBack(progress, { step: place.step, ...reason });
}

function compensationSucceeded(progress: Progress, place: CommandPlace): void {
  const isUndone = runsOf(progress.step(place.step)).every(
    ({ action, compensation }) =>
      compensation?.answer?.outcome === 'success' ||
      (compensation === undefined && action.answer?.outcome === 'rejected'),
  );
  if (isUndone) progress.setStatus(place.step, 'COMPENSATED');
  goBack(progress);
}

/** A `failed` of an earlier sending, or the same one again, changes nothing (trap 26). */
function takeFailure(
  progress: Progress,
  place: CommandPlace,
  command: SentCommand,
  attempt: number,
  reason: Reason,
): boolean {
  const isDriven = command.next !== undefined;
  if (!isDriven || attempt !== command.attempt || command.failed?.attempt === attempt) return false;
  if (place.operation === 'action' && progress.saga.status !== 'RUNNING') return false;
  progress.setCommand(place, { ...command, failed: { attempt, at: progress.now, reason } });
  useUpAttempt(progress, place, { code: 'STEP_FAILED', message: `${reason.code}: ${reason.message}` });
  return true;
}

const isCurrent = (progress: Progress, { step, generation }: CommandPlace): boolean =>
  runsOf(progress.step(step)).length - 1 === generation;
