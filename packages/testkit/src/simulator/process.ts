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

  /** Everything it does takes until then: a long pause of the machine, or a swap. */
  holdUp(milliseconds: number): void {
    this.#heldUpUntil = this.#world.time.now + milliseconds;
  }

  onDeath(run: () => void): void {
    this.#atDeath.push(run);
  }

  die(where: string): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#world.tell(this.name, `dies at ${where}`);
    for (const run of this.#atDeath) run();
  }
}

const LONGEST_STEP_MS = 3;

/** One of its own each time, so that what waits for it can be forgotten. */
const never = (): Promise<never> => new Promise(() => {});
