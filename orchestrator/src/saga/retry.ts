import type { Reason } from '@saga/messages/reasons';
import { turnBack } from './back.ts';
import type { RetryPolicy } from './definition.ts';
import { isPastReturn } from './forward.ts';
import type { CommandPlace, Progress } from './progress.ts';

/** The longest share of a backoff that the jitter takes off. */
const JITTER = 0.2;
const HEX = 16;
const JITTER_DIGITS = 4;

/** How long to wait before the next attempt, in milliseconds. Jitter comes from the id, not from chance. */
export function backoffMs({ backoff }: RetryPolicy, used: number, commandId: string): number {
  const full = Math.min(backoff.initialMs * backoff.factor ** (used - 1), backoff.maxMs);
  const digits = Number.parseInt(commandId.slice(used % JITTER_DIGITS, (used % JITTER_DIGITS) + JITTER_DIGITS), HEX);
  return Math.round(full * (1 - (JITTER * digits) / HEX ** JITTER_DIGITS));
}

/**
 * An attempt came to nothing. The command is sent again after the backoff; when the attempts are used up, an action
 * that can be undone has failed and the saga turns back, anything else is stuck: visible, and still retried.
 */
export function useUpAttempt(progress: Progress, place: CommandPlace, failure: Reason): void {
  const policy = progress.policy(place);
  const command = progress.command(place);
  const used = command.used + 1;
  const isUsedUp = used >= policy.attempts;
  const { silentSince: _, ...answered } = command;
  if (isUsedUp && place.operation === 'action' && !isPastReturn(progress.definition, progress.saga)) {
    progress.setCommand(place, { ...answered, used, next: undefined });
    progress.setStatus(place.step, 'FAILED');
    turnBack(progress, { step: place.step, ...failure });
    return;
  }
  progress.setCommand(place, {
    ...answered,
    used,
    next: { at: progress.now + backoffMs(policy, Math.min(used, policy.attempts), command.commandId), why: 'backoff' },
    ...(isUsedUp && { stuck: command.stuck ?? { since: progress.now, code: failure.code } }),
  });
}
