import { ORDER_STEP } from '@saga/messages/ids';
import { isCommandTopic } from '@saga/messages/topics';
import type { RetryPolicy, SagaSource, Steps } from './definition.ts';
import { dependenciesOf } from './dependencies.ts';

/** Everything that is wrong with a definition, a sentence each; none: it is sound. */
export const faultsOf = ({ steps, deadlineMs }: SagaSource): string[] => [
  ...faultsOfNames(steps),
  ...faultsOfTopics(steps),
  ...faultsOfTimes(steps, deadlineMs),
  ...faultsOfDependencies(steps),
  ...faultsOfPivot(steps),
];

function* faultsOfNames(steps: Steps): Iterable<string> {
  if (Object.hasOwn(steps, ORDER_STEP)) yield `${ORDER_STEP} is step zero and cannot be declared`;
}

/** A fact finds its step by its command, and a queue that is behind is told by its topic: so no two steps share one. */
function* faultsOfTopics(steps: Steps): Iterable<string> {
  const owners = new Map<string, string>([['cancel-order-command', ORDER_STEP]]);
  for (const [name, step] of Object.entries(steps))
    for (const topic of [step.command, step.compensation]) {
      if (topic === undefined) continue;
      if (!isCommandTopic(topic)) yield `${name}: there is no schema for ${topic}`;
      const owner = owners.get(topic);
      if (owner !== undefined) yield `${owner} and ${name} share the command topic ${topic}`;
      owners.set(topic, name);
    }
}

/** Nothing is retried at once and without end. */
function* faultsOfTimes(steps: Steps, deadlineMs: number | undefined): Iterable<string> {
  if (!isPositive(deadlineMs)) yield 'deadlineMs is not above 0';
  for (const [name, step] of Object.entries(steps)) {
    yield* faultsOfPolicy(`${name}.retry`, step.retry);
    yield* faultsOfPolicy(`${name}.compensationRetry`, step.compensationRetry);
  }
}

function* faultsOfPolicy(policy: string, { backoff, ...limits }: Partial<RetryPolicy> = {}): Iterable<string> {
  for (const [limit, value] of Object.entries({ ...limits, ...backoff }))
    if (!isPositive(value)) yield `${policy}: ${limit} is not above 0`;
}

const isPositive = (value: number | undefined): boolean => value === undefined || value > 0;

function* faultsOfDependencies(steps: Steps): Iterable<string> {
  for (const [name, step] of Object.entries(steps)) {
    for (const dependency of step.after ?? [])
      if (!Object.hasOwn(steps, dependency)) yield `${name} comes after ${dependency}, which does not exist`;
    if (dependenciesOf(steps, name).has(name)) yield `${name} depends on itself`;
  }
}

function* faultsOfPivot(steps: Steps): Iterable<string> {
  const names = Object.keys(steps);
  const [pivot, ...others] = names.filter((name) => steps[name]?.pivot);
  if (pivot === undefined) return yield 'no step is the pivot';
  if (others.length > 0) return yield `only one step can be the pivot, not ${[pivot, ...others].join(' and ')}`;
  const before = dependenciesOf(steps, pivot);
  for (const name of names) {
    if (name === pivot || dependenciesOf(steps, name).has(pivot)) continue;
    if (!before.has(name)) yield `${name} neither precedes nor follows the pivot ${pivot}`;
    else if (steps[name]?.compensation === undefined)
      yield `${name} precedes the pivot ${pivot} and has no compensation`;
  }
}
