import type { CommandTopic } from '@saga/messages/commands';
import { ORDER_STEP, orderActionId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Reason } from '@saga/messages/reasons';
import { takeAnswer } from './answer.ts';
import { turnBack } from './back.ts';
import { topicOf } from './command-message.ts';
import type { Definition } from './definition.ts';
import { goForward, isPastReturn } from './forward.ts';
import { type Incoming, messageIdOf } from './incoming.ts';
import { findCommand, openCommands, Progress } from './progress.ts';
import { type AwaitedSaga, hasEnded, type Instant, type Saga, type StepState } from './state.ts';
import { takeTime } from './timer.ts';

/** What a message makes of a saga: a value. The shell only carries it out. */
export type Transition = {
  /** The state after; undefined where there is still none. */
  saga: Saga | AwaitedSaga | undefined;
  /** It belongs in the journal: it changed the state, or is an asking that is kept on record. */
  accepted: boolean;
  /** To be published once this is committed. */
  sent: readonly Message[];
  /** The answered sending's topic and time: by it, timeouts of earlier sendings are known to be overtaken. */
  answered?: { topic: CommandTopic; sentAt: Instant };
  /** The message has no place in this saga: a dead letter. */
  dead?: Reason;
};

/**
 * The saga engine: total and deterministic. No clock, no chance, no input but its arguments; every rule of what
 * happens next is decided here.
 *
 * @param definition the version that the saga started with; for a new saga, the latest of the order's.
 * @param saga undefined while nothing of this id is known.
 * @param now by the database's clock, in milliseconds since the epoch.
 */
export function transition(
  definition: Definition,
  saga: Saga | AwaitedSaga | undefined,
  incoming: Incoming,
  now: Instant,
): Transition {
  if (saga === undefined || saga.status === 'AWAITED') return beforeStart(definition, saga, incoming, now);
  const progress = new Progress(definition, saga, messageIdOf(incoming), now);
  switch (incoming.type) {
    case 'order-created':
      // Announced again because it may have been lost: it was not. Redelivered: its first commands may not be out.
      if (!isAnnouncedAgain(incoming.message)) repeatUnanswered(progress);
      return unchanged(progress);
    case 'order-cancel-requested':
      if (!hasEnded(saga) && saga.status === 'RUNNING' && !isPastReturn(definition, saga))
        cancel(progress, incoming.message);
      return accepted(progress);
    case 'timer':
      if (!hasEnded(saga)) takeTime(progress, incoming);
      return progress.saga === saga ? unchanged(progress) : accepted(progress);
    case 'fact':
      return takeFact(progress, saga, incoming.message);
    default:
      throw incoming satisfies never;
  }
}

function beforeStart(
  definition: Definition,
  awaited: AwaitedSaga | undefined,
  incoming: Incoming,
  now: Instant,
): Transition {
  switch (incoming.type) {
    case 'order-created': {
      const progress = new Progress(definition, newSaga(definition, incoming, now), messageIdOf(incoming), now);
      if (awaited) {
        progress.update({ version: awaited.version });
        cancel(progress, awaited.cancelRequest);
      } else goForward(progress);
      return accepted(progress);
    }
    case 'order-cancel-requested': {
      if (awaited) return { saga: awaited, accepted: false, sent: [] };
      const { message, partition } = incoming;
      return {
        saga: { id: message.key, status: 'AWAITED', version: 1, partition, updatedAt: now, cancelRequest: message },
        accepted: true,
        sent: [],
      };
    }
    case 'timer':
      return { saga: awaited, accepted: false, sent: [] };
    case 'fact':
      // A saga is committed before its commands go out: a fact for one that does not exist answers none of ours.
      return {
        saga: awaited,
        accepted: false,
        sent: [],
        dead: { code: 'UNKNOWN_SAGA', message: `there is no saga ${incoming.message.key}` },
      };
    default:
      throw incoming satisfies never;
  }
}

function newSaga(
  definition: Definition,
  { message, partition }: Extract<Incoming, { type: 'order-created' }>,
  now: Instant,
): Saga {
  const { body, envelope } = message;
  const created = {
    commandId: orderActionId(body.orderId),
    attempt: 1,
    used: 0,
    firstSentAt: now,
    sentAt: now,
    causedBy: envelope.id,
    answer: { outcome: 'success', at: now, reply: {} },
  } as const;
  const waiting = [...definition.steps.keys()].map((name): [string, StepState] => [name, { status: 'WAITING' }]);
  return {
    id: body.orderId,
    definition: { name: definition.name, version: definition.version },
    status: 'RUNNING',
    version: 0,
    partition,
    traceparent: envelope.traceparent,
    order: body,
    startedAt: now,
    updatedAt: now,
    steps: { ...Object.fromEntries(waiting), [ORDER_STEP]: { status: 'SUCCEEDED', runs: [{ action: created }] } },
  };
}

function takeFact(progress: Progress, before: Saga, fact: Extract<Incoming, { type: 'fact' }>['message']): Transition {
  const place = findCommand(before, fact.envelope.commandId ?? '');
  if (!place || (place.step === ORDER_STEP && place.operation === 'action')) {
    const message = `saga ${before.id} never sent a command ${fact.envelope.commandId ?? '(none named)'}`;
    return { saga: before, accepted: false, sent: [], dead: { code: 'UNKNOWN_COMMAND', message } };
  }
  const command = progress.command(place);
  const isLastSending = fact.envelope.attempt === command.attempt;
  const answered = {
    topic: topicOf(progress.definition, place),
    sentAt: isLastSending ? command.sentAt : command.firstSentAt,
  };
  if (takeAnswer(progress, place, fact)) return { ...accepted(progress), answered };
  if (!hasEnded(before)) repeatUnanswered(progress);
  return { ...unchanged(progress), answered };
}

function cancel(progress: Progress, { body }: Message<'order-cancel-requested'>): void {
  turnBack(progress, {
    step: ORDER_STEP,
    code: 'CANCELLED_BY_CUSTOMER',
    message: body.reason ?? 'the customer cancelled the order',
  });
}

/** Only what this very message caused, and of that only what is unanswered: its chain does not run again (trap 27). */
function repeatUnanswered(progress: Progress): void {
  for (const place of openCommands(progress.saga))
    if (progress.command(place).causedBy === progress.cause) progress.repeat(place);
}

const isAnnouncedAgain = ({ envelope }: Message<'order-created'>): boolean => (envelope.attempt ?? 1) > 1;

function accepted(progress: Progress): Transition {
  progress.update({ version: progress.saga.version + 1, updatedAt: progress.now });
  return { saga: progress.saga, accepted: true, sent: progress.sent };
}

const unchanged = (progress: Progress): Transition => ({ saga: progress.saga, accepted: false, sent: progress.sent });
