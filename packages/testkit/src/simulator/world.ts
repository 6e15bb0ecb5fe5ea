import type { ReceivedMessage } from '@saga/messages/codec';
import type { OutgoingMessage } from '@saga/service-kit/broker';
import { MemoryDatabase } from '../memory-database/memory-database.ts';
import { Chance } from './chance.ts';
import { Customers } from './customers.ts';
import { Faults } from './faults.ts';
import { Network } from './network.ts';
import { Operators } from './operators.ts';
import type { Plan } from './plan.ts';
import { Replica } from './replica.ts';
import { services } from './services.ts';
import { createTables, type ServiceName, type Tables } from './tables.ts';
import { VirtualTime } from './virtual-time.ts';

/** When every run begins. */
const EPOCH = Date.parse('2026-06-01T00:00:00.000Z');

export const serviceNames = Object.keys(services) as ServiceName[];

/** All seven services in one process, and everything around them, driven by one seed. */
export class World {
  readonly plan: Plan;
  readonly chance: Chance;
  readonly faults: Faults;
  readonly time = new VirtualTime();
  readonly network: Network;
  readonly tables: Tables = createTables();
  readonly databases: Record<ServiceName, MemoryDatabase>;
  readonly replicas: readonly Replica[];
  readonly customers: Customers;
  readonly operators: Operators;
  readonly deadLetters: ReceivedMessage[] = [];
  /** Sagas of which a cancellation came after the end, to a replica that does not know their definition. */
  readonly passedOver = new Set<string>();
  /** What should never happen, and did. */
  readonly complaints: { complaint: string; detail: string }[] = [];
  readonly #jumped = new Map<ServiceName, number>();
  readonly #telling: ((line: string) => void) | undefined;

  /** @param telling gets what happens, line by line. */
  constructor(plan: Plan, telling?: (line: string) => void) {
    this.plan = plan;
    this.#telling = telling;
    this.chance = new Chance(plan.seed);
    this.faults = new Faults(plan, this.chance);
    this.network = new Network(this, plan.partitions);
    this.databases = Object.fromEntries(
      serviceNames.map((service) => [service, new MemoryDatabase(() => this.nowOf(service))]),
    ) as Record<ServiceName, MemoryDatabase>;
    this.replicas = serviceNames.flatMap((service) =>
      Array.from({ length: plan.replicas }, (_, index) => new Replica(this, service, index + 1)),
    );
    this.customers = new Customers(this);
    this.operators = new Operators(this);
  }

  /** The clock of a service's database, in whole milliseconds since the epoch. */
  nowOf(service: ServiceName): number {
    return Math.floor(EPOCH + this.time.now + (this.#jumped.get(service) ?? 0));
  }

  /** A clock is set: forwards or backwards, by so many milliseconds. */
  jump(service: ServiceName, milliseconds: number): void {
    this.faults.count(milliseconds > 0 ? 'clock jumps forward' : 'clock jumps backward');
    this.tell(service, `clock jumps by ${milliseconds} ms`);
    this.#jumped.set(service, (this.#jumped.get(service) ?? 0) + milliseconds);
  }

  /** Creates the topics, and reads all dead letters. */
  async open(): Promise<void> {
    await this.network.open();
    const keep = async (letters: readonly ReceivedMessage[]) => {
      this.deadLetters.push(...letters);
      return [];
    };
    await this.network.broker.consume({ group: 'dead letters', topics: ['dead-letter'], maxBatch: 100 }, keep);
  }

  topicsOf(service: ServiceName): readonly string[] {
    return this.replicas.find((replica) => replica.service === service)?.topics ?? [];
  }

  tell(who: string, what: string): void {
    this.#telling?.(`${(this.time.now / 1_000).toFixed(3).padStart(9)} s  ${who.padEnd(15)} ${what}`);
  }

  tellOf({ topic, key, headers, value }: OutgoingMessage, what: string): void {
    if (!this.#telling) return;
    const attempt = headers.attempt === undefined ? '' : ` attempt ${headers.attempt}`;
    this.tell('network', `${key} ${topic}${attempt}${answerIn(String(value))} ${what}`);
  }

  complain(complaint: string, detail: string): void {
    this.tell('!', `${complaint}: ${detail}`);
    this.complaints.push({ complaint, detail });
  }

  upReplicasOf(service: ServiceName): Replica[] {
    return this.replicas.filter((replica) => replica.service === service && replica.isUp);
  }
}

/** Some of what arrives is garbage. */
function answerIn(value: string): string {
  try {
    const { outcome, reason } = JSON.parse(value) as { outcome?: string; reason?: { code?: string } };
    return outcome === undefined ? '' : ` ${outcome} ${reason?.code ?? ''}`.trimEnd();
  } catch {
    return ' unreadable';
  }
}
