import { DatabaseFault } from '../memory-database/database-fault.ts';
import type { Passage } from '../memory-database/memory-database.ts';
import type { Chance } from './chance.ts';
import type { Plan } from './plan.ts';
import type { Point } from './process.ts';

const SERIALIZATION_FAILURE = '40001';
const CONNECTION_FAILURE = '08006';
const CANNOT_CONNECT_NOW = '57P03';
const CONNECTION_REFUSED = 'ECONNREFUSED';

/** Decides, occasion by occasion, what goes wrong; and counts it. While it is calm nothing does. */
export class Faults {
  readonly counts = new Map<string, number>();
  readonly #plan: Plan;
  readonly #chance: Chance;
  readonly #away = new Set<string>();
  readonly #unhandleable = new Map<string, boolean>();
  isCalm = true;

  constructor(plan: Plan, chance: Chance) {
    this.#plan = plan;
    this.#chance = chance;
  }

  count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  #happens(probability: number, kind: string): boolean {
    const happens = !this.isCalm && this.#chance.happens(probability);
    if (happens) this.count(kind);
    return happens;
  }

  crashesAt(point: Point): boolean {
    return this.#happens(this.#plan.crash, `crash at ${point}`);
  }

  stallsAt(point: Point): boolean {
    return this.#happens(this.#plan.stall, `zombie held up at ${point}`);
  }

  loses = (): boolean => this.#happens(this.#plan.loss, 'loss');
  doubles = (): boolean => this.#happens(this.#plan.doubling, 'doubling');
  delays = (): boolean => this.#happens(this.#plan.delay, 'delay');
  echoes = (): boolean => this.#happens(this.#plan.echo, 'echo of an old message');

  /** @param what a service's database, or `broker`. */
  takeAway(what: string): void {
    this.count(what === 'broker' ? 'outage of the broker' : 'outage of a database');
    this.#away.add(what);
  }

  bringBack(what: string): void {
    this.#away.delete(what);
  }

  isAway = (what: string): boolean => this.#away.has(what);

  /** @throws DatabaseFault; after a commit it says nothing of what was committed. */
  meetDatabase(service: string, passage: Passage): void {
    if (this.isAway(service)) throw new DatabaseFault(CANNOT_CONNECT_NOW, 'the database is away');
    if (!this.#happens(this.#plan.databaseFault, `database fault at ${passage}`)) return;
    const code =
      passage === 'committed' ? CONNECTION_FAILURE : this.#chance.oneOf([SERIALIZATION_FAILURE, CONNECTION_FAILURE]);
    throw new DatabaseFault(code, `fault at ${passage}`);
  }

  /** @throws DatabaseFault; of what was written before it, nothing is known. */
  meetBroker(point: 'publish' | 'published'): void {
    if (this.isAway('broker')) throw new DatabaseFault(CONNECTION_REFUSED, 'the broker is away');
    if (this.#happens(this.#plan.brokerFault, `broker fault at ${point}`))
      throw new DatabaseFault(CONNECTION_REFUSED, `fault at ${point}`);
  }

  /** Whether this very sending meets a technical failure that lasts until it is calm. */
  isUnhandleable(sending: string): boolean {
    if (this.isCalm) return false;
    const known = this.#unhandleable.get(sending);
    if (known !== undefined) return known;
    const drawn = this.#happens(this.#plan.technicalFailure, 'technical failure');
    this.#unhandleable.set(sending, drawn);
    return drawn;
  }

  /** A message that nobody can handle, known by its id. */
  excuse(sending: string): void {
    this.#unhandleable.set(sending, true);
  }

  /** Whether it was decided that this sending fails: then its dead letter is no surprise. */
  isExcused = (sending: string): boolean => this.#unhandleable.get(sending) === true;
}
