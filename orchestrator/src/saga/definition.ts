import type { FactTopic } from '@saga/messages/facts';
import { ORDER_STEP } from '@saga/messages/ids';
import type { Failure } from '@saga/messages/reasons';
import { type ActionTopic, type Body, type CompensationTopic, isCommandTopic } from '@saga/messages/topics';

export type Order = Body<'order-created'>;

/**
 * The success that an earlier step was answered with, by the fact's name; undefined where that step was skipped. Only
 * what a step comes after, at any distance, can be read: so that every resend of its command says the same.
 */
export type Replies = <F extends FactTopic>(fact: F) => Extract<Body<F>, { outcome: 'success' }> | undefined;

export type RetryPolicy = {
  /** How long an answer may take before its sending counts as lost. */
  timeoutMs: number;
  /** How many attempts may be used up before the step has failed, or, where there is no way back, is stuck. */
  attempts: number;
  backoff: { initialMs: number; factor: number; maxMs: number };
};

type BodyOf<C extends ActionTopic> = Omit<Body<C>, 'orderId'>;

export type StepOf<C extends ActionTopic> = {
  command: C;
  body: (order: Order, replies: Replies) => BodyOf<C>;
  compensation?: CompensationTopic;
  /** The steps that must be done first; none: sent at the start. */
  after?: readonly string[];
  /** Where it does not hold, the step is SKIPPED. */
  when?: (order: Order) => boolean;
  /** From this step on there is only forward. */
  pivot?: true;
  retry?: Partial<RetryPolicy>;
  compensationRetry?: Partial<RetryPolicy>;
};

/** A step of any command: the body's type is tied to the command's. */
export type Step = { [C in ActionTopic]: StepOf<C> }[ActionTopic];

export type SagaSource = {
  name: string;
  /** A running saga keeps the version that it started with. */
  version: number;
  /** For the whole way to the pivot, from the order's arrival. */
  deadlineMs?: number;
  steps: Readonly<Record<string, Step>>;
};

export type DefinedStep = {
  name: string;
  command: ActionTopic | undefined;
  body: (order: Order, replies: Replies) => object;
  compensation: CompensationTopic | undefined;
  compensationBody: (failure: Failure | undefined) => object;
  after: readonly string[];
  /** The steps that come after this one, at any distance: they are undone before it, and may read its reply. */
  dependents: readonly string[];
  when: (order: Order) => boolean;
  retry: RetryPolicy;
  compensationRetry: RetryPolicy;
};

/** A checked definition. Its steps include step zero, the order itself, on which all others depend. */
export type Definition = {
  name: string;
  version: number;
  deadlineMs: number;
  pivot: string;
  steps: ReadonlyMap<string, DefinedStep>;
};

const DEFAULT_DEADLINE_MS = 60 * 60 * 1_000;
const DEFAULT_RETRY: RetryPolicy = {
  timeoutMs: 10_000,
  attempts: 8,
  backoff: { initialMs: 1_000, factor: 2, maxMs: 60_000 },
};

/**
 * Checks a definition whole and completes it with the defaults and with step zero.
 *
 * @throws one error that names every fault.
 */
export function defineSaga(source: SagaSource): Definition {
  const faults = faultsOf(source);
  if (faults.length > 0) throw new Error(`saga ${source.name} v${source.version} is not sound: ${faults.join('; ')}`);
  const names = Object.keys(source.steps);
  const steps = Object.entries(source.steps).map(([name, step]): [string, DefinedStep] => [
    name,
    {
      name,
      command: step.command,
      // Step ties the body to its command; here only its being an object matters.
      body: step.body as DefinedStep['body'],
      compensation: step.compensation,
      compensationBody: () => ({}),
      after: [ORDER_STEP, ...(step.after ?? [])],
      dependents: names.filter((other) => dependenciesOf(source.steps, other).has(name)),
      when: step.when ?? (() => true),
      retry: { ...DEFAULT_RETRY, ...step.retry },
      compensationRetry: { ...DEFAULT_RETRY, ...step.compensationRetry },
    },
  ]);
  return {
    name: source.name,
    version: source.version,
    deadlineMs: source.deadlineMs ?? DEFAULT_DEADLINE_MS,
    pivot: names.find((name) => source.steps[name]?.pivot) ?? '',
    steps: new Map([[ORDER_STEP, orderStep(names)], ...steps]),
  };
}

/** The order: it has succeeded when the saga starts, and is undone when everything else is. */
const orderStep = (dependents: readonly string[]): DefinedStep => ({
  name: ORDER_STEP,
  command: undefined,
  body: () => ({}),
  compensation: 'cancel-order-command',
  compensationBody: (failure) => ({ reason: failure }),
  after: [],
  dependents,
  when: () => true,
  retry: DEFAULT_RETRY,
  compensationRetry: DEFAULT_RETRY,
});

export function stepOf(definition: Definition, name: string): DefinedStep {
  const step = definition.steps.get(name);
  if (!step) throw new Error(`${definition.name} v${definition.version} has no step ${name}`);
  return step;
}

function faultsOf(source: SagaSource): string[] {
  const { steps } = source;
  return [
    ...Object.entries(steps).flatMap(([name, step]) => faultsOfStep(name, step)),
    ...unboundedPolicies(source),
    ...sharedTopics(steps),
    ...faultsOfOrder(steps),
    ...faultsOfPivot(steps),
  ];
}

function* faultsOfStep(name: string, step: Step): Iterable<string> {
  if (name === ORDER_STEP) yield `${ORDER_STEP} is step zero and cannot be declared`;
  for (const topic of [step.command, step.compensation])
    if (topic !== undefined && !isCommandTopic(topic)) yield `${name}: there is no schema for ${topic}`;
}

/** Step zero has its own: nobody else may cancel the order. */
function* sharedTopics(steps: SagaSource['steps']): Iterable<string> {
  const owners = new Map<string, string>([[ORDER_COMPENSATION, ORDER_STEP]]);
  for (const [name, step] of Object.entries(steps))
    for (const topic of [step.command, step.compensation]) {
      if (topic === undefined) continue;
      const owner = owners.get(topic);
      if (owner !== undefined) yield `${owner} and ${name} share the command topic ${topic}`;
      owners.set(topic, name);
    }
}

function* faultsOfOrder(steps: SagaSource['steps']): Iterable<string> {
  for (const [name, step] of Object.entries(steps)) {
    for (const dependency of step.after ?? [])
      if (!Object.hasOwn(steps, dependency)) yield `${name} comes after ${dependency}, which does not exist`;
    if (dependenciesOf(steps, name).has(name)) yield `${name} depends on itself`;
  }
}

function* faultsOfPivot(steps: SagaSource['steps']): Iterable<string> {
  const names = Object.keys(steps);
  const pivots = names.filter((name) => steps[name]?.pivot);
  if (pivots.length !== 1) yield `exactly one step is the pivot, not ${pivots.length}: ${pivots.join(', ') || 'none'}`;
  for (const pivot of pivots) {
    const before = dependenciesOf(steps, pivot);
    for (const name of names) {
      if (name === pivot || dependenciesOf(steps, name).has(pivot)) continue;
      if (!before.has(name)) yield `${name} neither precedes nor follows the pivot ${pivot}`;
      else if (steps[name]?.compensation === undefined)
        yield `${name} precedes the pivot ${pivot} and has no compensation`;
    }
  }
}

/** All that must come before a step, at any distance; the step itself where the dependencies are cyclic. */
function dependenciesOf(steps: SagaSource['steps'], name: string): Set<string> {
  const found = new Set<string>();
  const open = [...(steps[name]?.after ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(steps[next]?.after ?? []));
  }
  return found;
}
