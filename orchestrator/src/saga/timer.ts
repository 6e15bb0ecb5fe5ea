import { turnBack } from './back.ts';
import { topicOf } from './command-message.ts';
import type { Definition } from './definition.ts';
import { isPastReturn } from './forward.ts';
import type { TimerMessage } from './incoming.ts';
import { type CommandPlace, openCommands, type Progress } from './progress.ts';
import { useUpAttempt } from './retry.ts';
import { type Instant, runsOf, type Saga, type SentCommand, stateOf } from './state.ts';

/** Time has passed: whatever is due by now happens. */
export function takeTime(progress: Progress, timer: TimerMessage): void {
  if (progress.saga.status === 'RUNNING' && isDeadlineOver(progress)) {
    turnBack(progress, {
      step: firstOpenStep(progress.saga),
      code: 'DEADLINE',
      message: `not done within ${progress.definition.deadlineMs / 1_000} s`,
    });
    return;
  }
  for (const place of openCommands(progress.saga)) {
    if (!isStillDriven(progress.saga, place)) continue;
    const command = progress.command(place);
    if (command.next === undefined || command.next.at > progress.now) continue;
    if (command.firstSentAt < timer.expiredBefore) expire(progress, place, command);
    else if (command.next.why === 'backoff') resendAndAwait(progress, place);
    else timedOut(progress, place, command, timer);
  }
}

/** An earlier command of this very timer may have turned the saga back: then no action goes out any more. */
const isStillDriven = (saga: Saga, { operation }: CommandPlace): boolean =>
  (saga.status === 'RUNNING') === (operation === 'action');

const isDeadlineOver = ({ definition, saga, now }: Progress): boolean =>
  now >= saga.startedAt + definition.deadlineMs && !isPastReturn(definition, saga);

const firstOpenStep = (saga: Saga): string => openCommands(saga)[0]?.step ?? 'order';

function resendAndAwait(progress: Progress, place: CommandPlace): void {
  progress.resend(place, { at: progress.now + progress.policy(place).timeoutMs, why: 'reply' });
}

/** Nothing is resent once the inboxes may have forgotten it: it waits for an operator, visibly. */
function expire(progress: Progress, place: CommandPlace, command: SentCommand): void {
  progress.setCommand(place, {
    ...command,
    next: undefined,
    stuck: command.stuck ?? { since: progress.now, code: 'EXPIRED' },
  });
}

/**
 * A timeout counts as an attempt only when the command was overtaken: something sent later on the same topic and
 * partition has been answered. Else its participant is behind or away, and the saga waits: an outage must not end in
 * mass compensation, nor a burst in a storm of resends (trap 11).
 */
function timedOut(progress: Progress, place: CommandPlace, command: SentCommand, timer: TimerMessage): void {
  const topic = topicOf(progress.definition, place);
  const answeredUpTo = timer.answeredUpTo[topic];
  if (answeredUpTo !== undefined && answeredUpTo > command.sentAt) {
    useUpAttempt(progress, place, {
      code: 'STEP_TIMED_OUT',
      message: `no answer to ${topic} within ${progress.policy(place).timeoutMs / 1_000} s, though later ones were answered`,
    });
    return;
  }
  const silentSince = command.silentSince ?? command.firstSentAt;
  const { maxMs } = progress.policy(place).backoff;
  const isTooLong = !hasDeadline(progress) && progress.now - silentSince > progress.definition.deadlineMs;
  progress.setCommand(place, {
    ...command,
    silentSince,
    next: { at: progress.now + maxMs, why: 'silent' },
    ...(isTooLong && { stuck: command.stuck ?? { since: progress.now, code: 'PARTICIPANT_SILENT' } }),
  });
  if (timer.mayProbe.includes(topic)) progress.resend(place, { at: progress.now + maxMs, why: 'silent' });
}

const hasDeadline = ({ definition, saga }: Progress): boolean =>
  saga.status === 'RUNNING' && !isPastReturn(definition, saga);

/** The earliest moment at which anything could be due; undefined when nothing ever will be. */
export function wakeAtOf(definition: Definition, saga: Saga): Instant | undefined {
  const due = openCommands(saga).flatMap(({ step, generation, operation }) => {
    const next = runsOf(stateOf(saga, step))[generation]?.[operation]?.next;
    return next ? [next.at] : [];
  });
  if (saga.status === 'RUNNING' && !isPastReturn(definition, saga)) due.push(saga.startedAt + definition.deadlineMs);
  return due.length > 0 ? Math.min(...due) : undefined;
}
