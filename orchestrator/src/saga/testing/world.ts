import type { CommandTopic } from '@saga/messages/commands';
import { orderActionId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { isCommandTopic } from '@saga/messages/topics';
import { expect } from 'vitest';
import type { Definition, Order } from '../definition.ts';
import type { Act, Incoming } from '../incoming.ts';
import { optionsOf } from '../operator.ts';
import type { JournalEntry } from '../rebuild.ts';
import { type AwaitedSaga, type Instant, lastRunOf, type Saga } from '../state.ts';
import { stuckOf } from '../stuck.ts';
import { lawfulTransition } from './laws.ts';
import { answerTo, cancelRequested, NINE_O_CLOCK, orderCreated, PARTITION } from './messages.ts';
import { type Natures, Participants, REMEMBERED_MS } from './participants.ts';
import { wokenAt } from './woken-at.ts';

/** What may happen between the orchestrator and its participants, and to the orchestrator itself. */
export type Move =
  | { move: 'deliver' | 'lose' | 'double' | 'stumble' | 'crash'; which: number }
  | { move: 'redeliver'; which: number }
  | { move: 'time passes'; ms: number; probing: boolean }
  | { move: 'the next is due'; probing: boolean }
  | { move: 'others are answered'; which: number }
  | { move: 'cancel'; request: number }
  | { move: 'announce'; attempt: number }
  | { move: 'stray fact' }
  | { move: 'operate'; which: number; stale: boolean };

type Flight = { to: 'participant'; command: Message<CommandTopic> } | { to: 'saga'; incoming: Incoming };

const ROUNDS_OF_RETRYING = 20;
const ROUNDS_AT_MOST = 2_000;
const REQUESTS = [1, 2].map((n) => `01980000-0000-7000-8000-00000000000${n}`);
const STRANGER = '01980000-0000-5000-8000-0000000000ff';

/** One saga among participants, a network that keeps no promise, and a clock: nothing in it is left to chance. */
export class World {
  readonly definition: Definition;
  readonly order: Order;
  readonly participants: Participants;
  readonly journal: JournalEntry[] = [];
  now: Instant = NINE_O_CLOCK;
  state: Saga | AwaitedSaga | undefined;
  readonly #answeredUpTo = new Map<CommandTopic, Instant>();
  readonly #received: Incoming[] = [];
  #inFlight: Flight[] = [];
  #timers = 0;
  #acts = 0;

  constructor(definition: Definition, order: Order, natures: Natures) {
    this.definition = definition;
    this.order = order;
    this.participants = new Participants(natures, orderActionId(order.orderId));
    this.#announce(1);
  }

  happens(move: Move): void {
    switch (move.move) {
      case 'deliver':
        this.#deliver(this.#take(move.which));
        break;
      case 'stumble':
        this.#deliver(this.#take(move.which), { stumbling: true });
        break;
      case 'lose':
        this.#take(move.which);
        break;
      case 'double': {
        const flight = this.#take(move.which);
        if (flight) this.#inFlight.push(flight, flight);
        break;
      }
      case 'crash':
        this.#crash(this.#take(move.which));
        break;
      case 'redeliver': {
        const incoming = this.#received[move.which % this.#received.length];
        if (incoming) this.#inFlight.push({ to: 'saga', incoming });
        break;
      }
      case 'time passes':
        this.#passTo(this.now + move.ms, move.probing);
        break;
      case 'the next is due':
        this.#passTo(Math.max(this.#wokenAt() ?? 0, this.now), move.probing);
        break;
      case 'others are answered': {
        const topic = this.#topics()[move.which % this.#topics().length];
        if (topic) this.#answeredUpTo.set(topic, this.now);
        break;
      }
      case 'cancel': {
        const request = REQUESTS[move.request % REQUESTS.length] ?? STRANGER;
        const message = cancelRequested(this.order.orderId, request, null, this.now);
        this.#inFlight.push({
          to: 'saga',
          incoming: { type: 'order-cancel-requested', partition: PARTITION, message },
        });
        break;
      }
      case 'announce':
        this.#announce(move.attempt);
        break;
      case 'stray fact':
        this.#strayFact();
        break;
      case 'operate':
        this.#operate(move.which, move.stale);
        break;
      default:
        throw move satisfies never;
    }
  }

  /** From here on the network keeps its promises. Runs until the saga has ended, or is stuck for good. */
  comesToRest(): void {
    let retried = 0;
    for (let round = 0; round < ROUNDS_AT_MOST; round += 1) {
      const next = this.#inFlight.shift();
      if (next) {
        this.#deliver(next);
      } else if (this.state === undefined || this.state.status === 'AWAITED') {
        this.#announce(2);
      } else {
        const wokenAt = this.#wokenAt();
        if (stuckOf(this.state)) retried += 1;
        if (this.state.paused) this.#act({ action: 'resume' });
        else if (wokenAt === undefined || retried > ROUNDS_OF_RETRYING) return;
        else this.#passTo(wokenAt, true);
      }
    }
    expect.unreachable('the saga neither ends nor is stuck');
  }

  /** Everything that ever was under way arrives once more. */
  echoes(): void {
    for (const incoming of [...this.#received]) this.#deliver({ to: 'saga', incoming });
    for (let next = this.#inFlight.shift(); next; next = this.#inFlight.shift()) this.#deliver(next);
  }

  get saga(): Saga {
    if (!this.state || this.state.status === 'AWAITED') return expect.unreachable('the saga has not begun');
    return this.state;
  }

  /** The actions that an order which is done must have: each step's that was not skipped, and its own. */
  get effectsOfDone(): string[] {
    const done = Object.values(this.saga.steps).filter(({ status }) => status !== 'SKIPPED');
    return done.flatMap((step) => lastRunOf(step)?.action.commandId ?? []);
  }

  #deliver(flight: Flight | undefined, { stumbling = false } = {}): void {
    if (flight?.to === 'saga') this.#inFlight.push(...this.#transition(flight.incoming));
    if (flight?.to !== 'participant') return;
    const fact = this.participants.take(flight.command, this.now, stumbling);
    if (fact) this.#inFlight.push({ to: 'saga', incoming: { type: 'fact', message: fact } });
  }

  /** The orchestrator dies between commit and publish: what it would have sent is lost, what it read comes again. */
  #crash(flight: Flight | undefined): void {
    if (flight?.to === 'saga') this.#transition(flight.incoming);
    if (flight) this.#inFlight.push(flight);
  }

  #transition(incoming: Incoming): Flight[] {
    if ('message' in incoming) {
      if (this.now - Date.parse(incoming.message.envelope.time) > REMEMBERED_MS) return []; // a dead letter
      this.#received.push(incoming);
    }
    const result = lawfulTransition(this.definition, this.state, incoming, this.now);
    this.state = result.saga;
    if (result.accepted) this.journal.push({ incoming, at: this.now });
    const { answered } = result;
    if (answered)
      this.#answeredUpTo.set(answered.topic, Math.max(answered.sentAt, this.#answeredUpTo.get(answered.topic) ?? 0));
    return result.sent.filter(isCommand).map((command) => ({ to: 'participant', command }));
  }

  #passTo(now: Instant, probing: boolean): void {
    this.now = now;
    this.#timers += 1;
    const sent = this.#transition({
      type: 'timer',
      id: `timer ${this.#timers}`,
      answeredUpTo: Object.fromEntries(this.#answeredUpTo),
      mayProbe: probing ? this.#topics() : [],
      expiredBefore: this.now - REMEMBERED_MS,
    });
    this.#inFlight.push(...sent);
  }

  #announce(attempt: number): void {
    const message = orderCreated(this.order, this.now, attempt);
    this.#inFlight.push({ to: 'saga', incoming: { type: 'order-created', partition: PARTITION, message } });
  }

  /** An operator does one of the things that are allowed; what takes their word is another property's concern. */
  #operate(which: number, stale: boolean): void {
    if (!this.state || this.state.status === 'AWAITED') return;
    const options = optionsOf(this.definition, this.state).filter(({ needsEvidence }) => !needsEvidence);
    const option = options[which % Math.max(options.length, 1)];
    if (option) this.#act(option as Act, stale ? this.state.version - 1 : this.state.version);
  }

  #act(act: Act, expectedVersion = this.saga.version): void {
    this.#acts += 1;
    const id = `act ${this.#acts}`;
    const expiredBefore = this.now - REMEMBERED_MS;
    const by = { actor: 'ada', reason: 'because' };
    this.#inFlight.push(...this.#transition({ type: 'operator', id, act, ...by, expectedVersion, expiredBefore }));
  }

  /** An answer to a command that this saga never sent. */
  #strayFact(): void {
    const [topic = 'decrease-product-command'] = this.#topics();
    const envelope = {
      id: STRANGER,
      source: '/test',
      time: new Date(this.now).toISOString(),
      subject: '',
      traceparent: '',
    };
    const command = { topic, key: this.order.orderId, envelope, body: {} } as Message<CommandTopic>;
    const message = answerTo(command, { outcome: 'success' }, this.now);
    this.#inFlight.push({ to: 'saga', incoming: { type: 'fact', message } });
  }

  #take(which: number): Flight | undefined {
    const [flight] = this.#inFlight.splice(which % Math.max(this.#inFlight.length, 1), 1);
    return flight;
  }

  #wokenAt(): Instant | undefined {
    return this.state && this.state.status !== 'AWAITED' ? wokenAt(this.definition, this.state, this.now) : undefined;
  }

  #topics(): CommandTopic[] {
    return [...this.definition.steps.values()].flatMap(({ command, compensation }) =>
      [command, compensation].filter((topic) => topic !== undefined),
    );
  }
}

const isCommand = (message: Message): message is Message<CommandTopic> => isCommandTopic(message.topic);
