import { ORDER_STEP } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { compensationTopics, topics } from '@saga/messages/topics';
import type { Definition } from '../definition.ts';
import type { Incoming } from '../incoming.ts';
import {
  type AwaitedSaga,
  type Instant,
  lastRunOf,
  type Run,
  runsOf,
  type Saga,
  type SentCommand,
  type StepState,
  stateOf,
} from '../state.ts';
import { stuckOf } from '../stuck.ts';
import { type Transition, transition } from '../transition.ts';
import { wokenAt } from './woken-at.ts';

/**
 * A transition, and all that must hold of every transition whatever happens: every example and every property runs
 * through here. The laws are written from the rules, not from the code: they share none of its predicates.
 */
export function lawfulTransition(
  definition: Definition,
  before: Saga | AwaitedSaga | undefined,
  incoming: Incoming,
  now: Instant,
): Transition {
  deepFreeze(before);
  deepFreeze(incoming);
  const result = transition(definition, before, incoming, now);
  const again = transition(definition, before, incoming, now);
  law('it is deterministic', JSON.stringify(again) === JSON.stringify(result));
  if (result.accepted) law('its version counts what it accepted', result.saga?.version === (before?.version ?? 0) + 1);
  else law('what is not accepted changes nothing', result.saga === before);
  if (result.dead) law('a dead letter does nothing', !result.accepted && result.sent.length === 0);
  if (incoming.type === 'operator') law('an act is taken or refused', result.accepted === !result.refused);
  const { saga, sent } = result;
  if (saga === undefined || saga.status === 'AWAITED') {
    law('nothing is sent before the order is known', sent.length === 0);
    return result;
  }
  law('JSON keeps the whole state', !hasUndefined(saga));
  movesOnlyOn(before, saga);
  isWellFormed(definition, saga);
  law('nothing is sent twice at once', new Set(sent.map(({ envelope }) => envelope.id)).size === sent.length);
  for (const message of sent) mayBeSent(definition, saga, message);
  if (saga.paused) law('a paused saga sends nothing', sent.length === 0);
  isNeverForgotten(definition, saga, incoming, now);
  return result;
}

function law(name: string, holds: boolean, of?: unknown): void {
  if (!holds) throw new Error(`broken: ${name}${of === undefined ? '' : ` (${JSON.stringify(of)})`}`);
}

const WAYS = [
  'undefined → RUNNING',
  'undefined → COMPLETED',
  'AWAITED → COMPENSATING',
  'RUNNING → RUNNING',
  'RUNNING → COMPLETED',
  'RUNNING → COMPENSATING',
  'COMPENSATING → COMPENSATING',
  'COMPENSATING → COMPENSATED',
  'COMPLETED → COMPLETED',
  'COMPENSATED → COMPENSATED',
];

function movesOnlyOn(before: Saga | AwaitedSaga | undefined, after: Saga): void {
  const way = `${before?.status} → ${after.status}`;
  law('a saga goes forward, or turns back once', WAYS.includes(way), way);
  if (!before || before.status === 'AWAITED') return;
  if (before.failure) law('the first reason stays', after.failure === before.failure);
  for (const [name, step] of Object.entries(before.steps))
    runsOf(step).forEach((was, generation) => {
      const is = runsOf(stateOf(after, name))[generation];
      law('what was sent stays', is !== undefined, name);
      if (!is) return;
      commandMovesOnlyOn(was.action, is.action);
      if (was.compensation) commandMovesOnlyOn(was.compensation, is.compensation);
    });
}

function commandMovesOnlyOn(was: SentCommand, is: SentCommand | undefined): void {
  law('a command keeps its id and its cause', is?.commandId === was.commandId && is.causedBy === was.causedBy);
  law('a command keeps the moment of its first sending', is?.firstSentAt === was.firstSentAt);
  law('an answer is final', was.answer === undefined || is?.answer === was.answer);
  law('attempts only grow', is !== undefined && is.attempt >= was.attempt && is.used >= was.used);
}

function isWellFormed(definition: Definition, saga: Saga): void {
  const { status } = saga;
  const goesForward = status === 'RUNNING' || status === 'COMPLETED';
  const steps = [...definition.steps.keys()].map((name) => stateOf(saga, name));
  law('it has the steps of its definition', Object.keys(saga.steps).length === steps.length);
  law('it has ended when it says so', (saga.endedAt !== undefined) === ['COMPLETED', 'COMPENSATED'].includes(status));
  law('it has a reason exactly when it went back', (saga.failure === undefined) === goesForward);
  if (status === 'COMPLETED') law('COMPLETED is all done', steps.every(isDone));
  if (status === 'COMPENSATED') law('COMPENSATED is all undone', !steps.some(isStanding));
  if (status === 'COMPENSATING' && !saga.paused) law('all undone is COMPENSATED', steps.some(isStanding));
  for (const name of definition.steps.keys()) isWellFormedStep(definition, saga, name);
  const pivot = lastRunOf(stateOf(saga, definition.pivot));
  const pivotIsGone = pivot === undefined || pivot.action.answer?.outcome === 'rejected' || pivot.compensation;
  if (!goesForward) law('after the pivot there is no way back', Boolean(pivotIsGone || saga.paused));
}

function isWellFormedStep(definition: Definition, saga: Saga, name: string): void {
  const step = stateOf(saga, name);
  const runs = runsOf(step);
  law(`a step is what its sendings make it`, isConsistent(step, saga), { name, step });
  if (saga.status === 'RUNNING' && step.status === 'WAITING' && !saga.paused) {
    const isReady = (definition.steps.get(name)?.after ?? []).every((each) => isDone(stateOf(saga, each)));
    law('what is ready is sent', !isReady, name);
  }
  if (saga.failure) {
    const isFree = !dependentsOf(definition, name).some((dependent) => isStanding(stateOf(saga, dependent)));
    for (const run of runs.filter(stands)) {
      if (run.compensation) law('nothing is undone while something stands that was built on it', isFree, name);
      else law('what can be undone is', !isFree || saga.paused !== undefined, name);
    }
  }
  for (const { action, compensation } of runs) {
    isWellFormedCommand(action, saga.status === 'RUNNING' && action === runs.at(-1)?.action);
    if (compensation) isWellFormedCommand(compensation, saga.status === 'COMPENSATING');
  }
}

function isConsistent(step: StepState, saga: Saga): boolean {
  const last = lastRunOf(step);
  const outcome = last?.action.answer?.outcome;
  switch (step.status) {
    case 'WAITING':
      return last === undefined;
    case 'SKIPPED':
      return last === undefined || (outcome === 'rejected' && !last.compensation);
    case 'SENT':
      return outcome === undefined && !last?.compensation && (saga.status === 'RUNNING' || saga.paused !== undefined);
    case 'SUCCEEDED':
      return outcome === 'success' && !last?.compensation;
    case 'REJECTED':
      return outcome === 'rejected' && !last?.compensation;
    case 'COMPENSATING':
      return isStanding(step) && runsOf(step).some(({ compensation }) => compensation);
    case 'COMPENSATED':
      return !isStanding(step) && runsOf(step).some(({ compensation }) => compensation);
    case 'FAILED':
      return false; // until an operator may leave one so
    default:
      throw step satisfies never;
  }
}

const isDone = ({ status }: StepState): boolean => status === 'SUCCEEDED' || status === 'SKIPPED';

const isStanding = (step: StepState): boolean => runsOf(step).some(stands);

const stands = ({ action, compensation }: Run): boolean =>
  compensation ? compensation.answer === undefined : action.answer?.outcome !== 'rejected';

function isWellFormedCommand(command: SentCommand, isWanted: boolean): void {
  const { answer, next, silentSince, stuck, attempt, used } = command;
  const isOpen = isWanted && answer === undefined;
  if (isOpen) law('an open command is driven, or too old', next !== undefined || stuck?.code === 'EXPIRED', command);
  else law('nothing is due for any other', next === undefined && silentSince === undefined, command);
  if (stuck) law('only what is open or refused is stuck', isOpen || answer?.outcome === 'rejected', command);
  if (next) law('silence is waited out', (silentSince !== undefined) === (next.why === 'silent'), command);
  law('no more attempts are used up than were made', used <= attempt, command);
}

function mayBeSent(definition: Definition, saga: Saga, message: Message): void {
  const { topic, envelope } = message;
  const isCompensation = (compensationTopics as readonly string[]).includes(topic);
  const wanted = isCompensation ? 'COMPENSATING' : 'RUNNING';
  law('actions are sent going forward, compensations going back', saga.status === wanted, message);
  const { commandId, step = '', attempt, actionId, time, id } = envelope;
  const defined = definition.steps.get(step);
  law('a command goes to its topic', topic === (isCompensation ? defined?.compensation : defined?.command), message);
  law('a command keeps its schema', topics[topic].safeParse(message.body).success, message);
  const run = runsOf(stateOf(saga, step)).find(({ action, compensation }) =>
    [action, compensation].some((command) => command?.commandId === commandId),
  );
  const command = isCompensation ? run?.compensation : run?.action;
  law('a command is sent under its id', id === command?.commandId && command?.answer === undefined, message);
  law('a command tells which attempt it is', attempt === command?.attempt, message);
  law('a compensation names its action', actionId === (isCompensation ? run?.action.commandId : undefined), message);
  law('a resend keeps its time', Date.parse(time) === command?.firstSentAt, message);
}

/** What has not ended is woken at some time, or is stuck, visibly. */
function isNeverForgotten(definition: Definition, saga: Saga, incoming: Incoming, now: Instant): void {
  const at = wokenAt(definition, saga, now);
  const stuck = stuckOf(saga);
  if (saga.endedAt !== undefined) law('what has ended is left alone', at === undefined && stuck === undefined);
  else if (saga.paused) law('a paused saga is not woken', at === undefined);
  else if (at === undefined) law('what waits for nothing is stuck', stuck !== undefined);
  else if (incoming.type === 'timer') law('a timer never asks for the next one at once', at > now);
}

/** The steps that come after this one at any distance; everything comes after the order. */
function dependentsOf(definition: Definition, name: string): string[] {
  if (name === ORDER_STEP) return [...definition.steps.keys()].filter((each) => each !== ORDER_STEP);
  const direct = [...definition.steps.values()].filter(({ after }) => after.includes(name));
  return direct.flatMap((step) => [step.name, ...dependentsOf(definition, step.name)]);
}

const hasUndefined = (value: unknown): boolean =>
  value === undefined || (typeof value === 'object' && value !== null && Object.values(value).some(hasUndefined));

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
