import type { CommandTopic } from '@saga/messages/commands';
import type { FactTopic } from '@saga/messages/facts';
import { ORDER_STEP, orderActionId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Reason } from '@saga/messages/reasons';
import { factOf } from '@saga/messages/topics';
import { takeAnswer } from './answer.ts';
import { mayTurnBack, turnBack } from './back.ts';
import { topicOf } from './command-message.ts';
import type { Definition } from './definition.ts';
import { goForward } from './forward.ts';
import { type Incoming, messageIdOf } from './incoming.ts';
import { type Refusal, takeAct } from './operator.ts';
import { findCommand, openCommands, Progress } from './progress.ts';
import type { AwaitedSaga, Instant, Saga, StepState } from './state.ts';
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
  /** Why an operator's action was not taken. */
  refused?: Refusal;
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
      return isAnnouncedAgain(incoming.message) ? unchanged(progress) : seenBefore(progress);
    case 'order-cancel-requested':
      return takeCancelRequest(progress, incoming.message);
    case 'timer':
      takeTime(progress, incoming);
      return progress.saga === saga ? unchanged(progress) : accepted(progress);
    case 'fact':
      return takeFact(progress, incoming.message);
    case 'operator': {
      const refused = takeAct(progress, incoming);
      return refused ? { ...unchanged(progress), refused } : accepted(progress);
    }
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
    case 'operator':
      return { saga: awaited, accepted: false, sent: [], refused: NOT_STARTED };
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

const NOT_STARTED: Refusal = { why: 'not allowed', message: 'the order of this saga is not known yet', options: [] };

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

function takeFact(progress: Progress, fact: Message<FactTopic>): Transition {
  const { definition, saga } = progress;
  const { commandId = '(none)', attempt } = fact.envelope;
  const place = findCommand(saga, commandId);
  // A fact that names one command and is the answer to another would leave a reply that nobody can read.
  if (!place || factOf[topicOf(definition, place)] !== fact.topic) {
    const message = `saga ${saga.id} never sent a command ${commandId} that ${fact.topic} answers`;
    return { ...unchanged(progress), dead: { code: 'UNKNOWN_COMMAND', message } };
  }
  const command = progress.command(place);
  const answered = {
    topic: topicOf(definition, place),
    // A fact of any but the last sending counts as the first's: nothing is taken for overtaken too early.
    sentAt: attempt === command.attempt ? command.sentAt : command.firstSentAt,
  };
  return { ...(takeAnswer(progress, place, fact) ? accepted(progress) : seenBefore(progress)), answered };
}

/** More askings about one order, all of them too late, are not worth a row each. */
const REQUESTS_ON_RECORD = 16;

/**
 * Where the saga may not turn back any more, the asking is kept on record and nothing else happens. One that comes again
 * is as any message seen before: if it turned the saga back, its compensations may not be out (trap 1).
 */
function takeCancelRequest(progress: Progress, message: Message<'order-cancel-requested'>): Transition {
  const { definition, saga, cause } = progress;
  const known = saga.cancelRequests ?? [];
  if (known.includes(cause)) return seenBefore(progress);
  if (mayTurnBack(definition, saga)) cancel(progress, message);
  else if (known.length < REQUESTS_ON_RECORD) keepRequest(progress, message);
  else return unchanged(progress);
  return accepted(progress);
}

function keepRequest(progress: Progress, { envelope }: Message<'order-cancel-requested'>): void {
  progress.update({ cancelRequests: [...(progress.saga.cancelRequests ?? []), envelope.id] });
}

function cancel(progress: Progress, message: Message<'order-cancel-requested'>): void {
  const { body } = message;
  keepRequest(progress, message);
  turnBack(progress, {
    step: ORDER_STEP,
    code: 'CANCELLED_BY_CUSTOMER',
    message: body.reason ?? 'the customer cancelled the order',
  });
}

/**
 * A duplicate sends again only what this very message caused, and of that only what is unanswered and still driven:
 * its chain does not run again (trap 27).
 */
function seenBefore(progress: Progress): Transition {
  if (progress.saga.paused) return unchanged(progress);
  for (const place of openCommands(progress.saga)) {
    const { causedBy, next } = progress.command(place);
    if (causedBy === progress.cause && next !== undefined) progress.publish(place);
  }
  return unchanged(progress);
}

const isAnnouncedAgain = ({ envelope }: Message<'order-created'>): boolean => (envelope.attempt ?? 1) > 1;

function accepted(progress: Progress): Transition {
  progress.update({ version: progress.saga.version + 1, updatedAt: progress.now });
  return { saga: progress.saga, accepted: true, sent: progress.sent };
}

const unchanged = (progress: Progress): Transition => ({ saga: progress.saga, accepted: false, sent: progress.sent });
