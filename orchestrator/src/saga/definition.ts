import type { FactTopic } from '@saga/messages/facts';
import { ORDER_STEP } from '@saga/messages/ids';
import type { Failure } from '@saga/messages/reasons';
import type { ActionTopic, Body, CompensationTopic } from '@saga/messages/topics';
import { dependenciesOf } from './dependencies.ts';
import { faultsOf } from './soundness.ts';

export type Order = Body<'order-created'>;

/**
 * The success that an earlier step was answered with, by the fact's name; undefined where that step was skipped. Only
 * what a step comes after, at any distance, can be read: so that every resend of its command says the same.
 */
export type Replies = <F extends FactTopic>(fact: F) => ReplyOf<F> | undefined;

type ReplyOf<F extends FactTopic> = Omit<Extract<Body<F>, { outcome: 'success' }>, 'orderId' | 'outcome'>;

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

/** The steps by their names. The order itself is not among them: it is step zero of every saga. */
export type Steps = Readonly<Record<string, Step>>;

export type SagaSource = {
  name: string;
  /** A running saga keeps the version that it started with. */
  version: number;
  /** For the whole way to the pivot, from the order's arrival. */
  deadlineMs?: number;
  steps: Steps;
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
      when: step.when ?? ALWAYS,
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

/** Of a step that no order does without. */
export const ALWAYS = (): boolean => true;

/** The order: it has succeeded when the saga starts, and is undone when everything else is. */
const orderStep = (dependents: readonly string[]): DefinedStep => ({
  name: ORDER_STEP,
  command: undefined,
  body: () => ({}),
  compensation: 'cancel-order-command',
  compensationBody: (failure) => ({ reason: failure }),
  after: [],
  dependents,
  when: ALWAYS,
  retry: DEFAULT_RETRY,
  compensationRetry: DEFAULT_RETRY,
});

export function stepOf(definition: Definition, name: string): DefinedStep {
  const step = definition.steps.get(name);
  if (!step) throw new Error(`${definition.name} v${definition.version} has no step ${name}`);
  return step;
}
