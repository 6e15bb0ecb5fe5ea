import type { BatchHandler, Consumer, Subscription } from '@saga/service-kit/broker';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/** A process' part in its group. What it handles while it is not a member any more moves no offset. */
export class Membership {
  readonly #world: World;
  readonly #process: Process;
  readonly #subscription: Subscription;
  readonly #handle: BatchHandler;
  #consumer: Promise<Consumer> | undefined;
  /** The batches at work, and how each learns that it is not a member's any more. */
  readonly #works = new Map<Promise<unknown>, () => void>();

  constructor(world: World, process: Process, subscription: Subscription, handle: BatchHandler) {
    this.#world = world;
    this.#process = process;
    this.#subscription = subscription;
    this.#handle = handle;
  }

  join(): void {
    this.#consumer = this.#world.network.broker.consume(this.#subscription, (batch) => this.#work(batch));
  }

  leave(): void {
    const consumer = this.#consumer;
    this.#consumer = undefined;
    void consumer?.then((member) => member.stop());
    for (const evict of this.#works.values()) evict();
  }

  /** A process handles one batch at a time in each of its lanes, also across a rebalance. */
  async rejoin(): Promise<void> {
    await Promise.allSettled(this.#works.keys());
    if (this.#process.isAlive && this.#consumer === undefined) this.join();
  }

  async #work(batch: Parameters<BatchHandler>[0]): ReturnType<BatchHandler> {
    const evicted = Promise.withResolvers<never>();
    evicted.promise.catch(() => {});
    const evict = () => evicted.reject(new Error('is no member any more'));
    if (!this.#process.isAlive) evict();
    const work = this.#handle(batch).then(async (left) => {
      await this.#process.pass('offsets');
      return left;
    });
    this.#works.set(work, evict);
    work.finally(() => this.#works.delete(work)).catch(() => {}); // whoever waits for the work learns of it
    return Promise.race([work, evicted.promise]);
  }
}
