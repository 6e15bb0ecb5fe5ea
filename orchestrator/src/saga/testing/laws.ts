import { decode, encode } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import { compensationTopics } from '@saga/messages/topics';
import { expect } from 'vitest';
import type { Definition } from '../definition.ts';
import type { Incoming } from '../incoming.ts';
import { type AwaitedSaga, type Instant, lastRunOf, type Run, runsOf, type Saga, type SentCommand } from '../state.ts';
import { stuckOf } from '../stuck.ts';
import { wakeAtOf } from '../timer.ts';
import { type Transition, transition } from '../transition.ts';

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
  expect(JSON.stringify(transition(definition, before, incoming, now))).toBe(JSON.stringify(result)); // deterministic
  if (result.accepted) expect(result.saga?.version).toBe((before?.version ?? 0) + 1);
  else expect(result.saga).toBe(before);
  if (result.dead) expect(result).toMatchObject({ accepted: false, sent: [] });
  if (!result.saga || result.saga.status === 'AWAITED') {
    expect(result.sent).toEqual([]);
    return result;
  }
  const { saga } = result;
  expect(undefinedIn(saga)).toBe(undefined);
  movesOnlyOn(before, saga);
  isWellFormed(definition, saga);
  for (const message of result.sent) mayBeSent(definition, saga, message);
  expect(new Set(result.sent.map(({ envelope }) => envelope.id)).size).toBe(result.sent.length);
  isNeverForgotten(definition, saga, incoming, now);
  return result;
}

const ways = [
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
  expect(ways).toContain(`${before?.status} → ${after.status}`);
  if (!before || before.status === 'AWAITED') return;
  if (before.failure) expect(after.failure).toBe(before.failure);
  for (const [name, step] of Object.entries(before.steps))
    runsOf(step).forEach((run, generation) => {
      const later = runsOf(stepIn(after, name))[generation];
      expect(later?.action.commandId).toBe(run.action.commandId);
      if (run.compensation) expect(later?.compensation?.commandId).toBe(run.compensation.commandId);
      for (const operation of ['action', 'compensation'] as const) {
        const was = run[operation];
        const is = later?.[operation];
        if (was?.answer) expect(is?.answer).toBe(was.answer);
        if (was && is) expect([is.attempt >= was.attempt, is.used >= was.used]).toEqual([true, true]);
      }
    });
}

function isWellFormed(definition: Definition, saga: Saga): void {
  const going = saga.status === 'RUNNING' || saga.status === 'COMPLETED' ? 'forward' : 'back';
  expect(saga.endedAt !== undefined).toBe(saga.status === 'COMPLETED' || saga.status === 'COMPENSATED');
  expect(saga.failure !== undefined).toBe(going === 'back');
  expect(Object.keys(saga.steps)).toEqual([...definition.steps.keys()]);
  for (const [name, { after }] of definition.steps) {
    const step = stepIn(saga, name);
    const runs = runsOf(step);
    const last = lastRunOf(step)?.action.answer?.outcome;
    const prerequisites = after.map((each) => stepIn(saga, each).status);
    const dependents = dependentsOf(definition, name).map((each) => stepIn(saga, each));
    switch (step.status) {
      case 'WAITING':
        if (saga.status === 'RUNNING') expect(prerequisites.every(isDone)).toBe(false);
        break;
      case 'SKIPPED':
        break;
      case 'SENT':
        expect(saga.status).toBe('RUNNING');
        expect(last).toBe(undefined);
        break;
      case 'SUCCEEDED':
        expect(last).toBe('success');
        break;
      case 'REJECTED':
        expect(last).toBe('rejected');
        break;
      case 'COMPENSATING':
        expect(runs.some(isStanding)).toBe(true);
        break;
      case 'COMPENSATED':
        expect(runs.some(isStanding)).toBe(false);
        break;
      default:
        expect.unreachable(`${name} is ${step.status}`);
    }
    if (step.status.startsWith('COMPENSAT')) expect(runs.some(({ compensation }) => compensation)).toBe(true);
    else expect(runs.at(-1)?.compensation).toBe(undefined);
    // Nothing is undone before what was built on it; and as soon as that is undone, it is.
    if (going === 'back') {
      const isFree = !dependents.some((dependent) => runsOf(dependent).some(isStanding));
      for (const run of runs) if (isStanding(run)) expect(run.compensation !== undefined).toBe(isFree);
    }
    for (const { action, compensation } of runs) {
      isWellFormedCommand(action, saga.status === 'RUNNING' && action === runs.at(-1)?.action);
      if (compensation) isWellFormedCommand(compensation, saga.status === 'COMPENSATING');
    }
  }
  const steps = Object.values(saga.steps);
  if (saga.status === 'COMPLETED') expect(steps.every(({ status }) => isDone(status))).toBe(true);
  if (going === 'back')
    expect(steps.some((step) => runsOf(step).some(isStanding))).toBe(saga.status === 'COMPENSATING');
  // After the pivot there is no way back; and a pivot that cannot be undone is not turned away from while unknown.
  const pivot = lastRunOf(stepIn(saga, definition.pivot));
  if (pivot && going === 'back') expect(pivot.action.answer?.outcome === 'rejected' || pivot.compensation).toBeTruthy();
}

const isDone = (status: string): boolean => status === 'SUCCEEDED' || status === 'SKIPPED';

const isStanding = ({ action, compensation }: Run): boolean =>
  compensation ? compensation.answer === undefined : action.answer?.outcome !== 'rejected';

function isWellFormedCommand(command: SentCommand, isWanted: boolean): void {
  const { answer, next, stuck, attempt, used, sentAt, firstSentAt } = command;
  const isOpen = isWanted && answer === undefined;
  // Due while it is open, and then always; but for what is too old to be sent again.
  if (isOpen) expect(next !== undefined || stuck?.code === 'EXPIRED').toBe(true);
  else expect([next, command.silentSince]).toEqual([undefined, undefined]);
  if (stuck) expect(isOpen || answer?.outcome === 'rejected').toBe(true);
  if (next) expect(command.silentSince !== undefined).toBe(next.why === 'silent');
  expect(used <= attempt).toBe(true);
  expect(sentAt >= firstSentAt).toBe(true);
}

function mayBeSent(definition: Definition, saga: Saga, message: Message): void {
  const { topic, key, headers, value } = encode(message);
  const decoded = decode({ topic, key, headers, value: Buffer.from(value), partition: 0, offset: '0' });
  expect(decoded).toEqual({ ok: true, message });
  const { commandId, step = '', attempt, actionId, time, id } = message.envelope;
  const isCompensation = (compensationTopics as readonly string[]).includes(topic);
  expect(saga.status).toBe(isCompensation ? 'COMPENSATING' : 'RUNNING');
  const defined = definition.steps.get(step);
  expect(topic).toBe(isCompensation ? defined?.compensation : defined?.command);
  const run = runsOf(stepIn(saga, step)).find(({ action, compensation }) =>
    [action, compensation].some((command) => command?.commandId === commandId),
  );
  const command = isCompensation ? run?.compensation : run?.action;
  expect({ id, commandId, attempt, actionId, time, answer: undefined }).toEqual({
    id: command?.commandId,
    commandId: command?.commandId,
    attempt: command?.attempt,
    actionId: isCompensation ? run?.action.commandId : undefined,
    time: new Date(command?.firstSentAt ?? Number.NaN).toISOString(),
    answer: command?.answer,
  });
}

/** What has not ended is woken at some time, or is stuck, visibly. */
function isNeverForgotten(definition: Definition, saga: Saga, incoming: Incoming, now: Instant): void {
  const wakeAt = wakeAtOf(definition, saga);
  if (saga.endedAt !== undefined) expect([wakeAt, stuckOf(saga)]).toEqual([undefined, undefined]);
  else if (wakeAt === undefined) expect(stuckOf(saga)).toBeDefined();
  // A timer never asks to be called again at once: time moves on.
  else if (incoming.type === 'timer') expect(wakeAt).toBeGreaterThan(now);
}

/** The steps that come after this one at any distance; everything comes after the order. */
function dependentsOf(definition: Definition, name: string): string[] {
  const direct = [...definition.steps.values()].filter(({ after }) => after.includes(name));
  return direct.flatMap((step) => [step.name, ...dependentsOf(definition, step.name)]);
}

const stepIn = (saga: Saga, name: string) => saga.steps[name] ?? expect.unreachable(`there is no step ${name}`);

/** The path of the first key that JSON would lose. */
function undefinedIn(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, inner] of Object.entries(value)) {
    const path = inner === undefined ? '' : undefinedIn(inner);
    if (path !== undefined) return `${key}.${path}`;
  }
  return undefined;
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const inner of Object.values(value)) deepFreeze(inner);
}
