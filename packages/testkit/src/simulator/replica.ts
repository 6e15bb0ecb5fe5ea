import { isCommandTopic } from '@saga/messages/topics';
import { deliver } from '@saga/service-kit/deliver';
import { isTransient, messageOf } from '@saga/service-kit/faults';
import { createOutbox } from '@saga/service-kit/outbox';
import type { Participant } from '@saga/service-kit/participant';
import pino from 'pino';
import { memoryOutbox } from '../memory-stores/outbox.ts';
import { Membership } from './membership.ts';
import { Process } from './process.ts';
import { type Counter, INBOX_DAYS, type Office, services, type Task } from './services.ts';
import type { ServiceName } from './tables.ts';
import { NOTHING } from './virtual-time.ts';
import { watchingOffsets } from './watch-offsets.ts';
import type { World } from './world.ts';

const logger = pino({ level: 'silent' });
const observer = { batch: () => {}, handled: () => {}, deadLetter: () => {} };
const RELAY_EVERY_MS = 3_000;
const RELAY_AFTER_MS = 5_000;
const LONGEST_RESTART_MS = 20_000;
const LONGEST_SESSION_MS = 10_000;

/** A place in which a service runs: started, killed and started again. */
export class Replica {
  readonly service: ServiceName;
  readonly name: string;
  readonly #world: World;
  #process: Process | undefined;
  #counter: Counter | undefined;
  #office: Office | undefined;
  #downUntil = 0;
  #isOld = false;
  /** What it reads. */
  topics: readonly string[] = [];

  constructor(world: World, service: ServiceName, number: number) {
    this.#world = world;
    this.service = service;
    this.name = `${service}#${number}`;
  }

  get isUp(): boolean {
    return this.#process?.isAlive === true;
  }

  /** What customers reach, while it is up. */
  get counter(): Counter | undefined {
    return this.isUp ? this.#counter : undefined;
  }

  /** What operators reach, while it is up. */
  get office(): Office | undefined {
    return this.isUp ? this.#office : undefined;
  }

  start(): void {
    if (this.isUp) return;
    const world = this.#world;
    const process = new Process(this.name, world);
    const connections = world.databases[this.service].connect(async (passage) => {
      await process.pass(passage);
      world.faults.meetDatabase(this.service, passage);
    });
    const broker = world.network.of(process);
    const clock = { now: () => new Date(world.nowOf(this.service)), pause: (ms: number) => process.sleep(ms) };
    const { outbox: rows } = world.tables[this.service];
    const outbox = createOutbox({ database: connections, broker, logger, store: memoryOutbox(rows), clock });
    const now = () => world.nowOf(this.service);
    const failing = <Rows>(participant: Participant<Rows>) => this.#failing(participant);
    this.#isOld = world.plan.rollsOut && !world.faults.isCalm && world.chance.happens(0.5);
    const wired = services[this.service]({
      isOld: this.#isOld,
      tables: world.tables,
      connections,
      broker,
      outbox,
      clock,
      logger,
      now,
      failing,
      complain: (complaint, detail) => world.complain(complaint, detail),
      passOver: (sagaId) => world.passedOver.add(sagaId),
    });
    const watched = watchingOffsets(wired.handler, broker, (complaint, detail) => world.complain(complaint, detail));
    const handle = deliver({
      service: this.service,
      handler: watched.handler,
      broker: watched.broker,
      clock,
      logger,
      observer,
      inboxDays: INBOX_DAYS,
      stopping: new AbortController().signal,
    });
    const relay: Task = {
      name: 'outbox relay',
      everyMs: RELAY_EVERY_MS,
      isDue: () => rows.rows.values().some(({ createdAt }) => createdAt < now() - RELAY_AFTER_MS),
      run: outbox.relay,
    };
    for (const task of [relay, ...wired.tasks]) this.#schedule(process, task);
    const { topics, lanes } = wired.handler;
    const membership = new Membership(
      world,
      process,
      { group: this.service, topics, lanes, maxBatch: world.plan.maxBatch },
      watched.before(handle),
    );
    membership.join();
    process.onDeath(() => {
      connections.close();
      world.time.after(world.chance.fraction() * LONGEST_SESSION_MS, () => membership.leave());
      this.#restartAfter(world.chance.fraction() * LONGEST_RESTART_MS);
    });
    process.onStall((milliseconds) => {
      membership.leave();
      world.time.after(milliseconds, () => void membership.rejoin());
    });
    this.#process = process;
    this.#counter = wired.counter;
    this.#office = wired.office;
    this.topics = topics;
    world.tell(this.name, 'starts');
  }

  #restartAfter(milliseconds: number): void {
    this.#world.time.after(milliseconds, () => {
      const { now } = this.#world.time;
      if (this.#downUntil <= now || this.#world.faults.isCalm) this.start();
      else this.#restartAfter(this.#downUntil - now);
    });
  }

  /** Dies, and stays away for so long. */
  goDownFor(milliseconds: number): void {
    this.#downUntil = this.#world.time.now + milliseconds;
    this.#process?.die('its silence');
  }

  /** The newest version of it takes its place. */
  rollOut(): void {
    if (this.#isOld) this.#process?.die('its replacement');
  }

  #schedule(process: Process, task: Task): void {
    this.#world.time.after(task.everyMs * (0.5 + this.#world.chance.fraction()), () => {
      if (!process.isAlive) return NOTHING;
      if (task.isDue()) return this.#perform(process, task);
      this.#schedule(process, task);
      return NOTHING;
    });
  }

  async #perform(process: Process, task: Task): Promise<void> {
    await process.pass('tick');
    try {
      await task.run();
    } catch (error) {
      if (!isTransient(error)) this.#world.complain(`${this.name}: ${task.name} failed`, messageOf(error));
    }
    this.#schedule(process, task);
  }

  /** Commands that were chosen to fail make their whole batch fail, until they stand alone. */
  #failing<Rows>(participant: Participant<Rows>): Participant<Rows> {
    return {
      ...participant,
      load: async (sql, messages) => {
        const failing = messages.find(
          ({ topic, envelope }) =>
            isCommandTopic(topic) && this.#world.faults.isUnhandleable(`${envelope.id} ${envelope.attempt}`),
        );
        if (failing) this.#world.network.troubled.add(failing.key);
        if (failing) throw new Error(`${failing.topic} meets a technical failure`);
        return participant.load(sql, messages);
      },
    };
  }
}
