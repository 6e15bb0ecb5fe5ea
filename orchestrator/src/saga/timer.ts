import { ORDER_STEP } from '@saga/messages/ids';
import { mayTurnBack, turnBack } from './back.ts';
import { topicOf } from './command-message.ts';
import type { Definition } from './definition.ts';
import type { TimerMessage } from './incoming.ts';
import { type CommandPlace, commandAt, openCommands, type Progress } from './progress.ts';
import { useUpAttempt } from './retry.ts';
import { atRest, type Instant, type Saga } from './state.ts';

/** Time has passed: whatever is due by now happens. */
export function takeTime(progress: Progress, timer: TimerMessage): void {
  if (progress.now >= deadlineOf(progress.definition, progress.saga)) {
    const [open] = openCommands(progress.saga);
    turnBack(progress, {
      step: open?.step ?? ORDER_STEP,
      code: 'DEADLINE',
      message: `not done within ${progress.definition.deadlineMs / 1_000} s`,
    });
    return;
  }
  const places = openCommands(progress.saga);
  // Lost sendings first: a used-up attempt may turn the saga back, and then nothing is sent again going forward.
  for (const place of places) if (isDue(progress, place) && isLost(progress, place, timer)) useUpLost(progress, place);
  for (const place of places) {
    if (!isDue(progress, place)) continue;
    const { next, firstSentAt } = progress.command(place);
    if (firstSentAt < timer.expiredBefore) expire(progress, place);
    else if (next?.why === 'backoff') tryAgain(progress, place);
    else waitOn(progress, place, timer);
  }
}

function isDue(progress: Progress, place: CommandPlace): boolean {
  const { next } = progress.command(place);
  return next !== undefined && next.at <= progress.now;
}

function tryAgain(progress: Progress, place: CommandPlace): void {
  progress.resend(place, { at: progress.now + progress.policy(place).timeoutMs, why: 'reply' });
}

/** Nothing is resent once the inboxes may have forgotten it: it waits for an operator, visibly. */
function expire(progress: Progress, place: CommandPlace): void {
  const command = progress.command(place);
  const since = command.stuck?.since ?? progress.now;
  progress.setCommand(place, { ...atRest(command), stuck: { since, code: 'EXPIRED' } });
}

/**
 * A timeout counts as an attempt only when the command was overtaken: something sent later on the same topic and
 * partition has been answered. Else its participant is behind or away, and the saga waits: an outage must not end in
 * mass compensation, nor a burst in a storm of resends (trap 11).
 */
function isLost(progress: Progress, place: CommandPlace, { answeredUpTo, expiredBefore }: TimerMessage): boolean {
  const { next, sentAt, firstSentAt } = progress.command(place);
  if (next?.why === 'backoff' || firstSentAt < expiredBefore) return false;
  return (answeredUpTo[topicOf(progress.definition, place)] ?? 0) > sentAt;
}

function useUpLost(progress: Progress, place: CommandPlace): void {
  const seconds = progress.policy(place).timeoutMs / 1_000;
  const topic = topicOf(progress.definition, place);
  const message = `no answer to ${topic} within ${seconds} s, though later ones were answered`;
  useUpAttempt(progress, place, { code: 'STEP_TIMED_OUT', message });
}

function waitOn(progress: Progress, place: CommandPlace, { mayProbe }: TimerMessage): void {
  keepWaiting(progress, place);
  if (mayProbe.includes(topicOf(progress.definition, place))) progress.resend(place, progress.command(place).next);
}

/**
 * Silence begins with the sending that nobody answered. Where no deadline ends the waiting, silence longer than the
 * deadline's length is stuck, and still probed.
 */
function keepWaiting(progress: Progress, place: CommandPlace): void {
  const { definition, saga, now } = progress;
  const command = progress.command(place);
  const silentSince = command.silentSince ?? command.sentAt;
  const isTooLong = !mayTurnBack(definition, saga) && now - silentSince > definition.deadlineMs;
  progress.setCommand(place, {
    ...command,
    silentSince,
    next: { at: now + progress.policy(place).backoff.maxMs, why: 'silent' },
    ...(isTooLong && { stuck: command.stuck ?? { since: now, code: 'PARTICIPANT_SILENT' } }),
  });
}

/** The deadline runs while the saga may still turn back. */
const deadlineOf = (definition: Definition, saga: Saga): Instant =>
  mayTurnBack(definition, saga) ? saga.startedAt + definition.deadlineMs : Number.POSITIVE_INFINITY;

/** The earliest moment at which anything could be due; undefined when nothing ever will be. */
export function wakeAtOf(definition: Definition, saga: Saga): Instant | undefined {
  const dues = openCommands(saga).map((place) => commandAt(saga, place).next?.at ?? Number.POSITIVE_INFINITY);
  const earliest = Math.min(deadlineOf(definition, saga), ...dues);
  return earliest === Number.POSITIVE_INFINITY ? undefined : earliest;
}
