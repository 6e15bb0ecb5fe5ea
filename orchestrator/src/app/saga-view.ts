import { ORDER_STEP } from '@saga/messages/ids';
import { topicOf } from '../saga/command-message.ts';
import { type Definition, stepOf } from '../saga/definition.ts';
import type { OperatorMessage } from '../saga/incoming.ts';
import { optionsOf } from '../saga/operator.ts';
import { type CommandPlace, commandAt, isCurrent, openCommands, sentCommands } from '../saga/progress.ts';
import type { Registry } from '../saga/registry.ts';
import { type Instant, lastRunOf, runsOf, type Saga, type SentCommand, stateOf } from '../saga/state.ts';
import { stuckOf } from '../saga/stuck.ts';
import { transition } from '../saga/transition.ts';
import type { StoredSaga } from './saga-queries.ts';

/** Shown in place of a topic when the version that the saga ran on is not registered here any more, or not yet. */
export const NOT_REGISTERED = 'unknown: the definition is not registered here';

/**
 * A saga as the contract shows it: what was done, what it waits for and why. Times are RFC 3339.
 *
 * @param definition undefined where the saga's version is not known to this replica: it is shown all the same.
 */
export function sagaView(definition: Definition | undefined, stored: StoredSaga) {
  const { saga } = stored;
  const stuck = stuckOf(saga);
  return {
    sagaId: saga.id,
    definition: saga.definition,
    status: saga.status,
    stuck: stuck ? { since: timeOf(stuck.since), step: stuck.step, code: stuck.code } : null,
    paused: saga.paused !== undefined,
    version: saga.version,
    startedAt: timeOf(saga.startedAt),
    updatedAt: timeOf(saga.updatedAt),
    endedAt: optionalTimeOf(saga.endedAt),
    failure: saga.failure ?? null,
    waitingFor: [
      ...[...openCommands(saga), ...refusedForGood(saga)].map((place) => waitingForView(definition, stored, place)),
      ...(definition ? heldBack(definition, saga) : []),
    ],
    allowed: definition ? optionsOf(definition, saga) : [],
    steps: Object.keys(saga.steps)
      .filter((name) => name !== ORDER_STEP)
      .map((name) => stepView(definition, saga, name)),
    data: saga.order,
  };
}

/** A saga as this replica can show it. */
export const sagaViewIn =
  (registry: Registry) =>
  (stored: StoredSaga): ReturnType<typeof sagaView> => {
    const { name, version } = stored.saga.definition;
    return sagaView(registry.find(name, version), stored);
  };

/** What was refused after the pivot, where nobody may refuse: it waits for an operator. */
const refusedForGood = (saga: Saga): CommandPlace[] =>
  saga.status === 'RUNNING'
    ? sentCommands(saga).filter((place) => isCurrent(saga, place) && stateOf(saga, place.step).status === 'REJECTED')
    : [];

/** What would have been sent long ago, were the saga not paused. */
function heldBack(definition: Definition, saga: Saga) {
  if (!saga.paused) return [];
  const { since: now } = saga.paused;
  const known = new Set(sentCommands(saga).map((place) => commandAt(saga, place).commandId));
  const resumed: OperatorMessage = {
    ...{ type: 'operator', id: saga.id, act: { action: 'resume' }, actor: '', reason: '' },
    expectedVersion: saga.version,
    expiredBefore: 0,
  };
  return transition(definition, saga, resumed, now)
    .sent.filter(({ envelope }) => !known.has(envelope.id))
    .map(({ topic, envelope }) => ({
      step: envelope.step ?? ORDER_STEP,
      kind: envelope.actionId === undefined ? ('action' as const) : ('compensation' as const),
      command: topic,
      commandId: envelope.id,
      attempt: 0,
      sentAt: null,
      nextAt: null,
      why: pauseOf(saga),
    }));
}

const topicShown = (definition: Definition | undefined, place: Pick<CommandPlace, 'step' | 'operation'>): string =>
  definition ? topicOf(definition, place) : NOT_REGISTERED;

function stepView(definition: Definition | undefined, saga: Saga, name: string) {
  const state = stateOf(saga, name);
  const run = lastRunOf(state);
  const generation = runsOf(state).length - 1;
  return {
    name,
    status: state.status,
    dependsOn: definition ? stepOf(definition, name).after.filter((dependency) => dependency !== ORDER_STEP) : [],
    action: run
      ? commandView(topicShown(definition, { step: name, operation: 'action' }), generation, run.action)
      : null,
    compensation: run?.compensation
      ? commandView(topicShown(definition, { step: name, operation: 'compensation' }), generation, run.compensation)
      : null,
  };
}

function commandView(command: string, generation: number, sent: SentCommand) {
  const { answer, failed } = sent;
  return {
    command,
    commandId: sent.commandId,
    generation,
    attempts: sent.attempt,
    sentAt: timeOf(sent.sentAt),
    repliedAt: optionalTimeOf(answer?.at ?? failed?.at),
    outcome: answer?.outcome ?? (failed ? ('failed' as const) : null),
    reason: answer?.outcome === 'rejected' ? answer.reason : answer ? null : (failed?.reason ?? null),
    reply: answer?.outcome === 'success' ? answer.reply : null,
  };
}

function waitingForView(definition: Definition | undefined, { saga, wakeAt, lookAt }: StoredSaga, place: CommandPlace) {
  const { step, operation } = place;
  const command = commandAt(saga, place);
  const { next } = command;
  // Whatever is due is looked at when its saga is woken: where that is past, the timers are late.
  const nextAt = next && Math.max(next.at, (next.why === 'silent' ? lookAt : wakeAt) ?? next.at);
  return {
    step,
    kind: operation,
    command: topicShown(definition, place),
    commandId: command.commandId,
    attempt: command.attempt,
    sentAt: timeOf(command.sentAt),
    nextAt: saga.paused ? null : optionalTimeOf(nextAt),
    why: saga.paused ? pauseOf(saga) : whyOf(command),
  };
}

const pauseOf = ({ paused }: Saga): string =>
  `paused since ${optionalTimeOf(paused?.since)} by ${paused?.by}: ${paused?.reason}`;

/** In a sentence, for the person who was woken up. */
function whyOf({ next, silentSince, failed, used, answer }: SentCommand): string {
  if (answer?.outcome === 'rejected') return `refused where nobody may refuse: ${answer.reason.message}`;
  if (!next) return 'not sent again: an operator must act';
  switch (next.why) {
    case 'reply':
      return 'no answer yet to the last sending';
    case 'backoff':
      return `attempts used up: ${used}; the last one ${failed ? `failed (${failed.reason.message})` : 'timed out'}; sent again after the backoff`;
    case 'silent':
      return `participant silent since ${optionalTimeOf(silentSince) ?? 'its first sending'}`;
    default:
      throw next.why satisfies never;
  }
}

const timeOf = (at: Instant): string => new Date(at).toISOString();
const optionalTimeOf = (at: Instant | undefined): string | null => (at === undefined ? null : timeOf(at));
