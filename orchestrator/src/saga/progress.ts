import { commandId, type Operation } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { commandMessage } from './command-message.ts';
import { type DefinedStep, type Definition, type RetryPolicy, stepOf } from './definition.ts';
import {
  type Instant,
  type Run,
  runsOf,
  type Saga,
  type SentCommand,
  type StepState,
  type StepStatus,
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

  setStep(name: string, state: StepState): void {
    this.update({ steps: { ...this.saga.steps, [name]: state } });
  }

  /** Moves a step that was sent to another status; its runs stay. */
  setStatus(name: string, status: Exclude<StepStatus, 'WAITING' | 'SKIPPED'>): void {
    const step = this.step(name);
    if (!('runs' in step)) throw new Error(`step ${name} of saga ${this.saga.id} was never sent`);
    this.setStep(name, { status, runs: step.runs });
  }

  command({ step, generation, operation }: CommandPlace): SentCommand {
    const command = runsOf(this.step(step))[generation]?.[operation];
    if (!command) throw new Error(`saga ${this.saga.id} has no ${operation} ${generation} of step ${step}`);
    return command;
  }

  setCommand(place: CommandPlace, command: SentCommand): void {
    const step = this.step(place.step);
    if (!('runs' in step)) throw new Error(`step ${place.step} of saga ${this.saga.id} was never sent`);
    const runs = step.runs.map((run, generation) =>
      generation === place.generation ? { ...run, [place.operation]: command } : run,
    );
    this.setStep(place.step, { status: step.status, runs: runs as [Run, ...Run[]] });
  }

  sendAction(name: string): void {
    const command = this.#firstSending({ step: name, generation: 0, operation: 'action' });
    this.setStep(name, { status: 'SENT', runs: [{ action: command }] });
    this.#message({ step: name, generation: 0, operation: 'action' });
  }

  sendCompensation(name: string, generation: number): void {
    const place: CommandPlace = { step: name, generation, operation: 'compensation' };
    this.setStatus(name, 'COMPENSATING');
    this.setCommand(place, this.#firstSending(place));
    this.#message(place);
  }

  /** Another sending of a command: same id, next attempt. */
  resend(place: CommandPlace, next: SentCommand['next']): void {
    const command = this.command(place);
    this.setCommand(place, { ...command, attempt: command.attempt + 1, sentAt: this.now, next });
    this.#message(place);
  }

  /** The sending as it was, once more: a duplicate of its cause arrived, so the first may never have gone out. */
  repeat(place: CommandPlace): void {
    this.#message(place);
  }

  policy({ step, operation }: CommandPlace): RetryPolicy {
    const defined = this.defined(step);
    return operation === 'action' ? defined.retry : defined.compensationRetry;
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

  #message(place: CommandPlace): void {
    this.sent.push(commandMessage(this.definition, this.saga, place, this.command(place)));
  }
}

/** Every command of a saga that is unanswered and still wanted: actions going forward, compensations going back. */
export function openCommands(saga: Saga): CommandPlace[] {
  switch (saga.status) {
    case 'RUNNING':
      return openOf(saga, 'action');
    case 'COMPENSATING':
      return openOf(saga, 'compensation');
    case 'COMPLETED':
    case 'COMPENSATED':
      return [];
    default:
      throw saga.status satisfies never;
  }
}

const openOf = (saga: Saga, operation: Operation): CommandPlace[] =>
  Object.entries(saga.steps).flatMap(([step, state]) =>
    runsOf(state).flatMap((run, generation) => {
      const command = run[operation];
      return command && command.answer === undefined ? [{ step, generation, operation }] : [];
    }),
  );

/** The command under its id, wherever in the saga it stands. */
export function findCommand(saga: Saga, id: string): CommandPlace | undefined {
  for (const [step, state] of Object.entries(saga.steps))
    for (const [generation, run] of runsOf(state).entries()) {
      if (run.action.commandId === id) return { step, generation, operation: 'action' };
      if (run.compensation?.commandId === id) return { step, generation, operation: 'compensation' };
    }
  return undefined;
}
