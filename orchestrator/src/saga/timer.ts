import { ORDER_STEP } from '@saga/messages/ids';
import { mayTurnBack, turnBack } from './back.ts';
import { topicOf } from './command-message.ts';
import type { Definition, RetryPolicy } from './definition.ts';
import type { TimerMessage } from './incoming.ts';
import { type CommandPlace, commandAt, openCommands, type Progress, policyOf } from './progress.ts';
import { useUpAttempt } from './retry.ts';
import { atRest, type Instant, type Saga } from './state.ts';

/** The longest that a saga whose participant stays silent is left alone. */
const LONGEST_WAIT_MS = 5 * 60 * 1_000;

/** Time has passed: whatever is due by now happens. A paused saga is not touched by it. */
export function takeTime(progress: Progress, timer: TimerMessage): void {
  if (progress.saga.paused) return;
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

/** A silent command is due whenever its saga is woken, once its first look is: what it then does is harmless. */
function isDue(progress: Progress, place: CommandPlace): boolean {
  const { next } = progress.command(place);
  return next !== undefined && next.at <= progress.now;
}

/** Sends a command once more, and awaits its answer anew. */
export function tryAgain(progress: Progress, place: CommandPlace): void {
  const { silentSince: _silentSince, ...command } = progress.command(place);
  progress.setCommand(place, command);
  progress.resend(place, { at: progress.now + progress.policy(place).timeoutMs, why: 'reply' });
}

/** Nothing is resent once the inboxes may have forgotten it: it waits for an operator, visibly. */
export function expire(progress: Progress, place: CommandPlace): void {
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
  const upTo = answeredUpTo[topicOf(progress.definition, place)] ?? 0;
  // A mark from the future was made before the clock was put back: it overtakes nothing (trap 16).
  return upTo > sentAt && upTo <= progress.now;
}

function useUpLost(progress: Progress, place: CommandPlace): void {
  const seconds = progress.policy(place).timeoutMs / 1_000;
  const topic = topicOf(progress.definition, place);
  const message = `no answer to ${topic} within ${seconds} s, though later ones were answered`;
  useUpAttempt(progress, place, { code: 'STEP_TIMED_OUT', message });
}

/**
 * Silence begins with the sending that nobody answered. Where no deadline ends the waiting, silence longer than the
 * deadline's length is stuck, and still probed. That it goes on is no news: then nothing of the saga is written.
 */
function waitOn(progress: Progress, place: CommandPlace, { mayProbe }: TimerMessage): void {
  const { definition, saga, now } = progress;
  const command = progress.command(place);
  const silentSince = command.silentSince ?? command.sentAt;
  const isStuck = !mayTurnBack(definition, saga) && now - silentSince > definition.deadlineMs;
  const next = { at: nextLookAt(progress.policy(place), silentSince, now), why: 'silent' } as const;
  if (command.silentSince === undefined || (isStuck && !command.stuck)) {
    const stuck = command.stuck ?? { since: now, code: 'PARTICIPANT_SILENT' };
    progress.setCommand(place, { ...command, silentSince, next, ...(isStuck && { stuck }) });
  }
  if (mayProbe.includes(topicOf(definition, place))) progress.resend(place, next);
}

/**
 * The longer a participant is silent, the more rarely its sagas are looked at: after as long again, so that a hundred
 * thousand of them do not keep the tables busy.
 */
const nextLookAt = ({ backoff }: RetryPolicy, silentSince: Instant, now: Instant): Instant =>
  now + Math.max(backoff.maxMs, Math.min(now - silentSince, LONGEST_WAIT_MS));

/** The deadline runs while the saga may still turn back, and not while it is paused. */
const deadlineOf = (definition: Definition, saga: Saga): Instant =>
  mayTurnBack(definition, saga)
    ? saga.startedAt + definition.deadlineMs + (saga.pausedForMs ?? 0)
    : Number.POSITIVE_INFINITY;

/** When a saga is next of interest to the clock; undefined when never, or while it is paused. */
export type WakeUps = {
  /** The earliest moment at which anything could be due. */
  wakeAt: Instant | undefined;
  /** When it is looked at because a participant stays silent. Nothing is due then, and nobody waits for it. */
  lookAt: Instant | undefined;
};

export const NEVER: WakeUps = { wakeAt: undefined, lookAt: undefined };

export function wakeUpsOf(definition: Definition, saga: Saga, now: Instant): WakeUps {
  if (saga.paused) return NEVER;
  const dues: Instant[] = [deadlineOf(definition, saga)];
  const looks: Instant[] = [];
  for (const place of openCommands(saga)) {
    const { next, sentAt, silentSince = sentAt } = commandAt(saga, place);
    if (next?.why !== 'silent') dues.push(next?.at ?? Number.POSITIVE_INFINITY);
    // The state holds the look after the last news; since then there may have been others.
    else looks.push(next.at > now ? next.at : nextLookAt(policyOf(definition, place), silentSince, now));
  }
  return { wakeAt: earliest(dues), lookAt: earliest(looks) };
}

function earliest(moments: readonly Instant[]): Instant | undefined {
  const first = Math.min(...moments);
  return first === Number.POSITIVE_INFINITY ? undefined : first;
}
