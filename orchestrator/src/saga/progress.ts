import { commandId, type Operation, ORDER_STEP } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { commandMessage } from './command-message.ts';
import { type DefinedStep, type Definition, type RetryPolicy, stepOf } from './definition.ts';
import {
  type Instant,
  type Run,
  runsOf,
  type Saga,
  type SentCommand,
  type SentStep,
  type StepState,
  stateOf,
} from './state.ts';

/** Which command of a saga: a step's action or its compensation, of one generation. */
export type CommandPlace = { step: string; generation: number; operation: Operation };

/**
 * A saga on its way through one transition: the state so far, and what is to be sent. The saga is a value and is
 * replaced, never changed; this object lives only as long as the transition.
 */
export class Progress {
  saga: Saga;
  readonly sent: Message[] = [];
  readonly definition: Definition;
  readonly now: Instant;
  /** The id of the message that causes what happens. */
  readonly cause: string;

  constructor(definition: Definition, saga: Saga, cause: string, now: Instant) {
    this.definition = definition;
    this.saga = saga;
    this.cause = cause;
    this.now = now;
  }

  step(name: string): StepState {
    return stateOf(this.saga, name);
  }

  defined(name: string): DefinedStep {
    return stepOf(this.definition, name);
  }

  get stepNames(): string[] {
    return [...this.definition.steps.keys()];
  }

  update(changes: Partial<Saga>): void {
    this.saga = { ...this.saga, ...changes };
  }

  /** What has ended is not paused any more. */
  end(status: 'COMPLETED' | 'COMPENSATED'): void {
    const { paused: _paused, ...saga } = this.saga;
    this.saga = { ...saga, status, endedAt: this.now };
  }

  setStep(name: string, state: StepState): void {
    this.update({ steps: { ...this.saga.steps, [name]: state } });
  }

  /** Moves a step that was sent to another status; its runs stay. */
  setStatus(name: string, status: SentStep['status']): void {
    this.setStep(name, { ...this.#sentStep(name), status });
  }

  command(place: CommandPlace): SentCommand {
    return commandAt(this.saga, place);
  }

  setCommand(place: CommandPlace, command: SentCommand): void {
    const step = this.#sentStep(place.step);
    const runs = step.runs.map((run, generation) =>
      generation === place.generation ? { ...run, [place.operation]: command } : run,
    );
    this.setStep(place.step, { ...step, runs: runs as [Run, ...Run[]] });
  }

  #sentStep(name: string): SentStep {
    const step = this.step(name);
    if (!('runs' in step)) throw new Error(`step ${name} of saga ${this.saga.id} was never sent`);
    return step;
  }

  /** A step's first generation, or, where an operator has it tried anew, the next one. */
  sendAction(name: string, input?: Run['input']): void {
    const earlier = runsOf(this.step(name));
    const place: CommandPlace = { step: name, generation: earlier.length, operation: 'action' };
    const run: Run = { action: this.#firstSending(place), ...(input && { input }) };
    const [first = run, ...others] = [...earlier, run];
    this.setStep(name, { status: 'SENT', runs: [first, ...others] });
    this.publish(place);
  }

  sendCompensation(name: string, generation: number): void {
    const place: CommandPlace = { step: name, generation, operation: 'compensation' };
    this.setStatus(name, 'COMPENSATING');
    this.setCommand(place, this.#firstSending(place));
    this.publish(place);
  }

  /** Another sending of a command: same id, next attempt. */
  resend(place: CommandPlace, next: SentCommand['next']): void {
    const command = this.command(place);
    this.setCommand(place, { ...command, attempt: command.attempt + 1, sentAt: this.now, next });
    this.publish(place);
  }

  /** The current sending as it is: it goes out for the first time, or once more as it was. */
  publish(place: CommandPlace): void {
    this.sent.push(commandMessage(this.definition, this.saga, place, this.command(place)));
  }

  policy(place: CommandPlace): RetryPolicy {
    return policyOf(this.definition, place);
  }

  #firstSending(place: CommandPlace): SentCommand {
    return {
      commandId: commandId(this.saga.id, place.step, place.operation, place.generation),
      attempt: 1,
      used: 0,
      firstSentAt: this.now,
      sentAt: this.now,
      causedBy: this.cause,
      next: { at: this.now + this.policy(place).timeoutMs, why: 'reply' },
    };
  }
}

export function policyOf(definition: Definition, { step, operation }: CommandPlace): RetryPolicy {
  const defined = stepOf(definition, step);
  return operation === 'action' ? defined.retry : defined.compensationRetry;
}

/** A command that the saga has sent. */
export function commandAt(saga: Saga, { step, generation, operation }: CommandPlace): SentCommand {
  const command = runsOf(stateOf(saga, step))[generation]?.[operation];
  if (!command) throw new Error(`saga ${saga.id} has no ${operation} ${generation} of step ${step}`);
  return command;
}

/** Whether this is the latest generation of its step: only that one's answer settles the step. */
export const isCurrent = (saga: Saga, { step, generation }: CommandPlace): boolean =>
  generation === runsOf(stateOf(saga, step)).length - 1;

/** Every command of a saga that is unanswered and still wanted: actions going forward, compensations going back. */
export const openCommands = (saga: Saga): CommandPlace[] =>
  sentCommands(saga).filter((place) => isWanted(saga, place) && commandAt(saga, place).answer === undefined);

function isWanted(saga: Saga, place: CommandPlace): boolean {
  switch (saga.status) {
    case 'RUNNING':
      return place.operation === 'action' && isCurrent(saga, place);
    case 'COMPENSATING':
      return place.operation === 'compensation';
    case 'COMPLETED':
    case 'COMPENSATED':
      return false;
    default:
      throw saga.status satisfies never;
  }
}

/** The command under its id, wherever in the saga it stands. */
export const findCommand = (saga: Saga, id: string): CommandPlace | undefined =>
  sentCommands(saga).find((place) => commandAt(saga, place).commandId === id);

/** Every command that the saga ever sent. The order's own creation is none: it was there before the saga. */
export const sentCommands = (saga: Saga): CommandPlace[] =>
  Object.entries(saga.steps).flatMap(([step, state]) =>
    runsOf(state).flatMap(({ compensation }, generation) => {
      const places: CommandPlace[] = [];
      if (step !== ORDER_STEP) places.push({ step, generation, operation: 'action' });
      if (compensation) places.push({ step, generation, operation: 'compensation' });
      return places;
    }),
  );
