import type { Passage } from '../memory-database/memory-database.ts';
import type { World } from './world.ts';

export type Point = Passage | 'publish' | 'amid publish' | 'published' | 'offsets' | 'tick';

/**
 * One run of one replica, from its start to its death. Everything that it does to the world goes through {@link pass}:
 * there it takes its time, is held up, meets faults or dies. What has died never comes back from there.
 */
export class Process {
  readonly name: string;
  readonly #world: World;
  #isAlive = true;
  #heldUpUntil = 0;
  readonly #atDeath: (() => void)[] = [];
  readonly #atStall: ((milliseconds: number) => void)[] = [];

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** @throws nothing of its own; never resolves for what has died. */
  async pass(point: Point): Promise<void> {
    if (this.#isAlive && this.#world.faults.crashesAt(point)) this.die(point);
    if (this.#isAlive && this.#world.faults.stallsAt(point)) this.#stall(point);
    await this.sleep(this.#world.chance.fraction() * LONGEST_STEP_MS);
    while (this.#isAlive && this.#heldUpUntil > this.#world.time.now)
      await this.sleep(this.#heldUpUntil - this.#world.time.now);
  }

  async sleep(milliseconds: number): Promise<void> {
    if (this.#isAlive) await this.#world.time.pause(milliseconds);
    if (!this.#isAlive) await never();
  }

  /** Another moment at which it might die, though it takes no time. */
  async mayDie(point: Point): Promise<void> {
    if (this.#isAlive && this.#world.faults.crashesAt(point)) this.die(point);
    if (!this.#isAlive) await never();
  }

  /** It is held up for so long that others go on without it; then it goes on as if nothing had happened. */
  #stall(where: string): void {
    const milliseconds = this.#world.chance.fraction() * LONGEST_STALL_MS;
    this.#heldUpUntil = this.#world.time.now + milliseconds;
    this.#world.tell(this.name, `is held up at ${where} for ${Math.round(milliseconds)} ms: a zombie`);
    for (const run of this.#atStall) run(milliseconds);
  }

  onDeath(run: () => void): void {
    this.#atDeath.push(run);
  }

  onStall(run: (milliseconds: number) => void): void {
    this.#atStall.push(run);
  }

  die(where: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#world.tell(this.name, `dies at ${where}`);
    for (const run of this.#atDeath) run();
  }
}

const LONGEST_STEP_MS = 3;
const LONGEST_STALL_MS = 30_000;

/** One of its own each time, so that what waits for it can be forgotten. */
const never = (): Promise<never> => new Promise(() => {});
