import type { CommandTopic } from '@saga/messages/commands';
import { newRequestId, type Operation } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { RejectionCode } from '@saga/messages/reasons';
import { isCommandTopic } from '@saga/messages/topics';
import { expect } from 'vitest';
import { topicOf } from '../command-message.ts';
import type { Definition, Order } from '../definition.ts';
import type { Act, Incoming } from '../incoming.ts';
import { optionsOf } from '../operator.ts';
import type { JournalEntry } from '../rebuild.ts';
import type { AwaitedSaga, Instant, Saga, SagaStatus, SentCommand, StepStatus } from '../state.ts';
import { runsOf } from '../state.ts';
import { type WakeUps, wakeUpsOf } from '../timer.ts';
import type { Transition } from '../transition.ts';
import { lawfulTransition } from './laws.ts';
import { anOrder, answerTo, cancelRequested, NINE_O_CLOCK, ORDER_ID, orderCreated, PARTITION } from './messages.ts';
import { wokenAt } from './woken-at.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;
const INBOX_DAYS = 30;

/** Something that happens to the saga: it may take time, and it ends in a message. */
export type Happening = (scenario: Scenario) => Incoming;

/** A saga that no message has yet reached, at nine o'clock. */
export const given = (definition: Definition, order: Partial<Order> = {}): Scenario =>
  new Scenario(definition, anOrder(definition.name, order));

/** A saga whose order has just been created. */
export const begun = (definition: Definition, order: Partial<Order> = {}): Scenario =>
  given(definition, order).when(created());

/**
 * A saga as a story: what was given, what happened, what it did. Every transition on the way must keep the laws that
 * hold of all of them.
 */
export class Scenario {
  readonly definition: Definition;
  readonly order: Order;
  readonly journal: JournalEntry[] = [];
  now: Instant = NINE_O_CLOCK;
  state: Saga | AwaitedSaga | undefined;
  /** Per command topic, the latest sending that was answered, this saga's or another's: as the shell keeps it. */
  readonly answeredUpTo = new Map<CommandTopic, Instant>();
  #all: Message<CommandTopic>[] = [];
  #sent: Message<CommandTopic>[] = [];
  #before: Saga | AwaitedSaga | undefined;
  #last: Transition = { saga: undefined, accepted: false, sent: [] };

  constructor(definition: Definition, order: Order) {
    this.definition = definition;
    this.order = order;
  }

  when(...happenings: Happening[]): this {
    this.#before = this.state;
    this.#sent = [];
    for (const happening of happenings) this.#take(happening(this));
    return this;
  }

  #take(incoming: Incoming): void {
    this.#last = lawfulTransition(this.definition, this.state, incoming, this.now);
    this.state = this.#last.saga;
    if (this.#last.accepted) this.journal.push({ incoming, at: this.now });
    const { answered } = this.#last;
    if (answered)
      this.answeredUpTo.set(answered.topic, Math.max(answered.sentAt, this.answeredUpTo.get(answered.topic) ?? 0));
    this.#sent.push(...this.#last.sent.filter(isCommand));
    this.#all.push(...this.#last.sent.filter(isCommand));
  }

  /** The saga as something has left it that no message of today can bring about, and what that has sent. */
  changed(change: (saga: Saga) => Saga, sent: (saga: Saga) => Message<CommandTopic>[] = () => []): this {
    this.state = change(this.saga);
    this.#all.push(...sent(this.state));
    return this;
  }

  get saga(): Saga {
    if (!this.state || this.state.status === 'AWAITED') return expect.unreachable('the saga has not begun');
    return this.state;
  }

  get wakeUps(): WakeUps {
    return wakeUpsOf(this.definition, this.saga, this.now);
  }

  /** The earliest of them. */
  get wokenAt(): Instant | undefined {
    return wokenAt(this.definition, this.saga, this.now);
  }

  get last(): Transition {
    return this.#last;
  }

  /** What the last `when` sent. */
  get sent(): readonly Message<CommandTopic>[] {
    return this.#sent;
  }

  get onlySent(): Message<CommandTopic> {
    expect(this.#sent).toHaveLength(1);
    return this.#sent[0] ?? expect.unreachable();
  }

  action(step: string, generation = -1): SentCommand {
    return runsOf(this.#step(step)).at(generation)?.action ?? expect.unreachable(`${step} was never sent`);
  }

  compensation(step: string, generation = -1): SentCommand {
    const run = runsOf(this.#step(step)).at(generation);
    return run?.compensation ?? expect.unreachable(`nothing undoes ${step}`);
  }

  #step(name: string) {
    return this.saga.steps[name] ?? expect.unreachable(`there is no step ${name}`);
  }

  /** A sending of a command as it went over the wire. */
  sending(commandId: string, attempt: number): Message<CommandTopic> {
    const sending = this.#all.find(({ envelope }) => envelope.id === commandId && envelope.attempt === attempt);
    return sending ?? expect.unreachable(`attempt ${attempt} was never sent`);
  }

  sends(...topics: CommandTopic[]): this {
    expect(this.#sent.map(({ topic }) => topic)).toEqual(topics);
    return this;
  }

  sendsNothing(): this {
    return this.sends();
  }

  is(status: SagaStatus | 'AWAITED'): this {
    expect(this.state?.status).toBe(status);
    return this;
  }

  hasSteps(statuses: Record<string, StepStatus>): this {
    const actual = Object.keys(statuses).map((name) => [name, this.#step(name).status]);
    expect(Object.fromEntries(actual)).toEqual(statuses);
    return this;
  }

  failsWith(code: string, step: string, message: string = expect.any(String)): this {
    expect(this.saga.failure).toEqual({ step, code, message });
    return this;
  }

  isStuck(operation: Operation, step: string, code: string): this {
    expect(this[operation](step).stuck).toEqual({ since: this.now, code });
    return this;
  }

  /** What happened last was no news: the state is the very same and the journal knows nothing of it. */
  staysAsItWas(): this {
    expect(this.state).toBe(this.#before);
    return this;
  }

  /** It stands in the journal, is known when it comes again, and nothing else has changed. */
  onlyRecords(): this {
    const before = this.#before;
    const { cancelRequests } = this.saga;
    expect(cancelRequests?.length).toBeGreaterThan(0);
    const changed = { updatedAt: this.now, cancelRequests };
    expect(before && { ...before, version: before.version + 1, ...changed }).toEqual(this.state);
    return this.sendsNothing();
  }

  /** The operator's action was not taken, for this reason. */
  isRefused(message: RegExp): this {
    expect(this.#last.refused?.message).toMatch(message);
    return this.staysAsItWas().sendsNothing();
  }

  /** What an operator may do now, each as `retry product`. */
  allows(...options: string[]): this {
    const named = optionsOf(this.definition, this.saga).map(({ action, step }) =>
      [action, step].filter(Boolean).join(' '),
    );
    expect(named).toEqual(options);
    return this;
  }

  isDeadLetter(code: string): this {
    expect(this.#last.dead).toEqual({ code, message: expect.any(String) });
    return this.staysAsItWas().sendsNothing();
  }
}

const isCommand = (message: Message): message is Message<CommandTopic> => isCommandTopic(message.topic);

/** The order service tells of the order; from the second time on it announces it again. */
export const created =
  (announced = 1): Happening =>
  ({ order, now }) => ({
    type: 'order-created',
    partition: PARTITION,
    message: orderCreated(order, now, announced),
  });

type Which = { generation?: number; attempt?: number };

const answered =
  (operation: Operation, step: string, outcome: Parameters<typeof answerTo>[1], which: Which): Happening =>
  (scenario) => {
    const command = scenario[operation](step, which.generation);
    const sending = scenario.sending(command.commandId, which.attempt ?? command.attempt);
    return { type: 'fact', message: answerTo(sending, outcome, scenario.now) };
  };

const TECHNICAL = { code: 'INTERNAL', message: 'the disk is full' };

export const succeeded = (step: string, which: Which = {}): Happening =>
  answered('action', step, { outcome: 'success' }, which);

export const rejected = (step: string, code: RejectionCode, which: Which = {}): Happening =>
  answered('action', step, { outcome: 'rejected', reason: { code, message: `refused: ${code}` } }, which);

export const failed = (step: string, which: Which = {}): Happening =>
  answered('action', step, { outcome: 'failed', reason: TECHNICAL }, which);

export const undone = (step: string, which: Which = {}): Happening =>
  answered('compensation', step, { outcome: 'success' }, which);

export const failedToUndo = (step: string, which: Which = {}): Happening =>
  answered('compensation', step, { outcome: 'failed', reason: TECHNICAL }, which);

/** A fact as nobody here would answer it. */
export const forged =
  (fact: Happening, change: (message: Extract<Incoming, { type: 'fact' }>['message']) => object): Happening =>
  (scenario) => {
    const incoming = fact(scenario);
    if (incoming.type !== 'fact') return expect.unreachable('only facts are forged');
    return { type: 'fact', message: { ...incoming.message, ...change(incoming.message) } as typeof incoming.message };
  };

/** The customer asks for a cancellation; each asking is a request of its own. */
export function cancelled(reason: string | null = null): Happening {
  const request = newRequestId();
  return ({ now }) => ({
    type: 'order-cancel-requested',
    partition: PARTITION,
    message: cancelRequested(ORDER_ID, request, reason, now),
  });
}

/** Who acts, and what for, is in the journal only. */
export const BY_ADA = { actor: 'ada', reason: 'ticket 4711' };

/** An operator acts, on the saga as it is unless another version is said. */
export const operator =
  (act: Act, expectedVersion?: number): Happening =>
  (scenario) => ({
    type: 'operator',
    id: newRequestId(),
    act,
    ...BY_ADA,
    expectedVersion: expectedVersion ?? scenario.saga.version,
    expiredBefore: scenario.now - INBOX_DAYS * DAY_MS,
  });

type TimePasses = {
  /** Steps of which later sendings were answered just before. */
  overtaken?: readonly string[];
  /** Steps whose silent participant may be probed. */
  probing?: readonly string[];
};

/** So many seconds pass, and the timer fires. */
export const after =
  (seconds: number, { overtaken: passed = [], probing = [] }: TimePasses = {}): Happening =>
  (scenario) => {
    const operation = scenario.state?.status === 'COMPENSATING' ? 'compensation' : 'action';
    const topic = (step: string) => topicOf(scenario.definition, { step, operation });
    scenario.now += seconds * SECOND_MS;
    for (const step of passed) scenario.answeredUpTo.set(topic(step), scenario.now);
    return {
      type: 'timer',
      id: newRequestId(),
      answeredUpTo: Object.fromEntries(scenario.answeredUpTo),
      mayProbe: probing.map(topic),
      expiredBefore: scenario.now - INBOX_DAYS * DAY_MS,
    };
  };

/** The timer fires at the earliest moment at which anything is due. */
export const whenDue =
  (timePasses: TimePasses = {}): Happening =>
  (scenario) => {
    const wokenAt = scenario.wokenAt ?? expect.unreachable('nothing will ever be due');
    return after((wokenAt - scenario.now) / SECOND_MS, timePasses)(scenario);
  };
