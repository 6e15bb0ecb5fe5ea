import type { FactTopic } from '@saga/messages/facts';
import type { Message } from '@saga/messages/message';
import type { Reason } from '@saga/messages/reasons';
import { goBack, mayTurnBack, nothingStands, turnBack } from './back.ts';
import { goForward } from './forward.ts';
import { type CommandPlace, isCurrent, type Progress } from './progress.ts';
import { useUpAttempt } from './retry.ts';
import { type Answer, atRest } from './state.ts';

/**
 * A fact has come for a command of this saga. Whichever sending it answers, a success is a success and a refusal a
 * refusal; a `failed` counts only for the sending that is current.
 *
 * @returns whether the fact was news.
 */
export function takeAnswer(progress: Progress, place: CommandPlace, fact: Message<FactTopic>): boolean {
  if (progress.command(place).answer !== undefined) return false;
  const { body } = fact;
  switch (body.outcome) {
    case 'success': {
      const { orderId: _order, outcome, ...reply } = body;
      settle(progress, place, { outcome, at: progress.now, reply });
      return true;
    }
    case 'rejected':
      settle(progress, place, { outcome: body.outcome, at: progress.now, reason: body.reason });
      return true;
    case 'failed':
      return takeFailure(progress, place, fact.envelope.attempt, body.reason);
    default:
      throw body satisfies never;
  }
}

/** The answer is recorded whatever it still means; then the saga goes on, whichever way it is going. */
export function settle(progress: Progress, place: CommandPlace, answer: Answer): void {
  progress.setCommand(place, { ...atRest(progress.command(place)), answer });
  if (place.operation === 'action') settleStep(progress, place, answer);
  else if (nothingStands(progress.step(place.step))) progress.setStatus(place.step, 'COMPENSATED');
  if (progress.saga.status === 'RUNNING') goForward(progress);
  if (progress.saga.status === 'COMPENSATING') goBack(progress);
}

/**
 * Only the current generation's answer settles a step, and only while it is wanted: a late success of a step that is
 * being undone changes nothing, because its participant's barrier makes the undo right in either order (trap 5).
 */
function settleStep(progress: Progress, place: CommandPlace, answer: Answer): void {
  if (!isCurrent(progress.saga, place) || progress.step(place.step).status !== 'SENT') return;
  if (answer.outcome === 'success') {
    progress.setStatus(place.step, 'SUCCEEDED');
  } else {
    progress.setStatus(place.step, 'REJECTED');
    refused(progress, place, answer.reason);
  }
}

/**
 * Up to and including the pivot a refusal turns the saga back; later only an operator can put it right. A saga that has
 * turned back while it was paused goes on as it was.
 */
function refused(progress: Progress, place: CommandPlace, reason: Reason): void {
  if (progress.saga.status !== 'RUNNING') return;
  if (mayTurnBack(progress.definition, progress.saga)) turnBack(progress, { step: place.step, ...reason });
  else progress.setCommand(place, { ...progress.command(place), stuck: { since: progress.now, code: reason.code } });
}

/**
 * It counts while its very sending is awaited. A `failed` of an earlier sending, one that comes again, or one of a
 * sending whose timeout has already been counted changes nothing (trap 26).
 */
function takeFailure(progress: Progress, place: CommandPlace, attempt: number | undefined, reason: Reason): boolean {
  const { next, ...command } = progress.command(place);
  const isAwaited = next !== undefined && next.why !== 'backoff';
  if (!isAwaited || command.attempt !== attempt) return false;
  progress.setCommand(place, { ...command, failed: { attempt, at: progress.now, reason } });
  useUpAttempt(progress, place, { code: 'STEP_FAILED', message: `${reason.code}: ${reason.message}` });
  return true;
}
