import { encode } from '@saga/messages/codec';
import { finalFactId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { allTopics, isStateTopic } from '@saga/messages/topics';
import type { Broker, OutgoingMessage } from '@saga/service-kit/broker';
import { type MemoryBroker, memoryBroker } from '@saga/service-kit/memory-broker';
import type { Process } from './process.ts';
import type { World } from './world.ts';

/**
 * What Kafka never loses once it has acknowledged it, and nobody sends again. All else is lost now and then, which is
 * worse than Kafka, for a participant that skips a message looks the same.
 */
const NEVER_LOST: ReadonlySet<string> = new Set([
  'order-processed',
  'order-cancel-requested',
  'dead-letter',
  'product-changed',
  'account-changed',
  'coupon-changed',
]);
const LONGEST_DELAY_MS = 40_000;
const RETRY_MS = 200;
const TURN_MS = 2;

/** The broker in memory, reached over a network that loses, doubles, delays and so reorders what is sent. */
export class Network {
  readonly broker: MemoryBroker;
  readonly #world: World;
  /** Everything that ever arrived. */
  readonly arrived: OutgoingMessage[] = [];
  /** The ids of what nobody can handle. */
  readonly littered: string[] = [];
  /** Orders of which a message was lost or late. */
  readonly troubled = new Set<string>();
  /** Messages that are still under way. */
  underWay = 0;

  constructor(world: World, partitions: number) {
    this.#world = world;
    this.broker = memoryBroker({
      partitions,
      schedule: (run, why) => world.time.after(world.chance.fraction() * (why === 'work' ? TURN_MS : RETRY_MS), run),
    });
  }

  async open(): Promise<void> {
    await this.broker.createTopics(allTopics.map((name) => ({ name, compacted: isStateTopic(name) })));
  }

  /** As this process reaches it. */
  of(process: Process): Broker {
    return {
      ...this.broker,
      publish: async (messages) => {
        await process.pass('publish');
        this.#world.faults.meetBroker('publish');
        for (const message of messages) {
          await process.mayDie('amid publish');
          this.#send(message);
        }
        await process.pass('published');
        this.#world.faults.meetBroker('published');
      },
    };
  }

  /** Something that nobody can handle arrives: no JSON, of a version to come, or the answer to a command of no saga. */
  litter(): void {
    const { chance, faults } = this.#world;
    const orderId = chance.uuid(7);
    const commandId = chance.uuid(4);
    const answer: Message<'product-restored'> = {
      topic: 'product-restored',
      key: orderId,
      envelope: {
        id: finalFactId(commandId),
        commandId,
        step: 'product',
        attempt: 1,
        source: '/product',
        time: new Date(this.#world.nowOf('product')).toISOString(),
        subject: orderId,
        traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      },
      body: { orderId, outcome: 'success' },
    };
    const stray = encode(answer);
    faults.count('garbage');
    this.littered.push(answer.envelope.id);
    faults.excuse(`${stray.headers.ce_id} ${stray.headers.attempt}`);
    this.#append(
      chance.oneOf([stray, { ...stray, value: '{' }, { ...stray, headers: { ...stray.headers, schemaversion: '2' } }]),
    );
  }

  /** Everything that ever arrived, but for dead letters, arrives once more, in the order in which it came. */
  replay(): void {
    for (const message of [...this.arrived]) if (message.topic !== 'dead-letter') this.#append(message);
  }

  #send(message: OutgoingMessage): void {
    const { faults, chance } = this.#world;
    if (!NEVER_LOST.has(message.topic) && faults.loses()) {
      this.#world.tellOf(message, 'is lost');
      this.troubled.add(message.key);
      return;
    }
    const copies = faults.doubles() ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1)
      this.#arrive(message, faults.delays() ? chance.fraction() * LONGEST_DELAY_MS : 0);
    const old = this.arrived.length > 0 && faults.echoes() ? chance.oneOf(this.arrived) : undefined;
    if (old) this.#arrive(old, chance.fraction() * LONGEST_DELAY_MS);
  }

  #arrive(message: OutgoingMessage, delayMs: number): void {
    if (delayMs === 0) {
      this.#append(message);
      return;
    }
    this.troubled.add(message.key);
    this.underWay += 1;
    this.#world.time.after(delayMs, () => {
      this.underWay -= 1;
      this.#append(message);
    });
  }

  #append(message: OutgoingMessage): void {
    this.arrived.push(message);
    this.#world.tellOf(message, 'arrives');
    void this.broker.publish([message]);
  }
}
