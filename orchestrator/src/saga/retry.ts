import type { Reason } from '@saga/messages/reasons';
import { mayTurnBack, turnBack } from './back.ts';
import type { RetryPolicy } from './definition.ts';
import type { CommandPlace, Progress } from './progress.ts';

/** The longest share of a backoff that the jitter takes off. */
const JITTER = 0.2;
const HEX = 16;
const JITTER_DIGITS = 4;

/**
 * How long to wait before the next attempt, in milliseconds, when so many have been used up: growing up to the
 * maximum, and at the maximum without end. Jitter comes from the id, not from chance: a rebuild waits as long.
 */
export function backoffMs({ backoff }: RetryPolicy, used: number, commandId: string): number {
  const full = Math.min(backoff.initialMs * backoff.factor ** (used - 1), backoff.maxMs);
  const start = used % JITTER_DIGITS;
  const digits = Number.parseInt(commandId.slice(start, start + JITTER_DIGITS), HEX);
  return Math.round(full * (1 - (JITTER * digits) / HEX ** JITTER_DIGITS));
}

/**
 * An attempt came to nothing. The command is sent again after the backoff; when the attempts are used up, a saga that
 * may turn back does; any other is stuck: visible, and still retried.
 */
export function useUpAttempt(progress: Progress, place: CommandPlace, failure: Reason): void {
  const policy = progress.policy(place);
  const { silentSince: _silentSince, stuck, ...command } = progress.command(place);
  const used = command.used + 1;
  const at = progress.now + backoffMs(policy, used, command.commandId);
  progress.setCommand(place, { ...command, used, next: { at, why: 'backoff' } });
  if (used < policy.attempts) return;
  if (mayTurnBack(progress.definition, progress.saga)) {
    turnBack(progress, { step: place.step, ...failure });
  } else {
    const since = stuck?.since ?? progress.now;
    progress.setCommand(place, { ...progress.command(place), stuck: { since, code: failure.code } });
  }
}
