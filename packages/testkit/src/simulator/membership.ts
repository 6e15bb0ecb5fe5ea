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
  #evict: (() => void) | undefined;
  #working: Promise<unknown> = Promise.resolve();

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
    this.#evict?.();
  }

  /** A process handles one batch at a time, also across a rebalance. */
  async rejoin(): Promise<void> {
    await this.#working;
    if (this.#process.isAlive && this.#consumer === undefined) this.join();
  }

  async #work(batch: Parameters<BatchHandler>[0]): ReturnType<BatchHandler> {
    const evicted = Promise.withResolvers<never>();
    evicted.promise.catch(() => {});
    this.#evict = () => evicted.reject(new Error('is no member any more'));
    if (!this.#process.isAlive) this.#evict();
    this.#working = this.#handle(batch).then(async (left) => {
      await this.#process.pass('offsets');
      return left;
    });
    return Promise.race([this.#working as ReturnType<BatchHandler>, evicted.promise]);
  }
}
