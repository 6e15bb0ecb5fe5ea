import type { CommandTopic } from '@saga/messages/commands';
import type { Message } from '@saga/messages/message';
import { describe, expect, test } from 'vitest';
import { placeOrder } from '../sagas/place-order.ts';
import { Participants } from './testing/participants.ts';
import { after, created, given, type Scenario } from './testing/scenario.ts';

const SIZE = 40;
const MAY_BE_PROBED = 3;
const MILLISECOND = 0.001;
const DECREASE = 'decrease-product-command';

/** Many sagas, begun a millisecond apart, whose commands stand in one queue in front of one participant (trap 11). */
class Crowd {
  readonly sagas: Scenario[] = [];
  readonly queue: { saga: Scenario; command: Message<CommandTopic> }[] = [];
  #participant = new Participants({}, 'nobody');
  sendings = 0;

  constructor() {
    for (let index = 0; index < SIZE; index += 1) {
      const orderId = `01980000-0000-7000-8000-${String(index).padStart(12, '0')}`;
      const saga = given(placeOrder, { orderId, couponId: null }).when(after(index * MILLISECOND), created());
      this.sagas.push(saga);
      this.#enqueue(saga);
    }
  }

  /** Time passes for all of them, and their timers fire; a few may be probed. */
  waits(seconds: number): void {
    for (const [index, saga] of this.sagas.entries()) {
      saga.when(after(seconds, { probing: index < MAY_BE_PROBED ? ['product'] : [] }));
      this.#enqueue(saga);
    }
  }

  /** The participant takes the first of its queue, and its answer arrives. */
  answersOne(): void {
    const next = this.queue.shift();
    const message = next && this.#participant.take(next.command, next.saga.now, false);
    if (!next || !message) return;
    next.saga.when(() => ({ type: 'fact', message }));
    const { answered } = next.saga.last;
    for (const { answeredUpTo } of this.sagas)
      if (answered) answeredUpTo.set(answered.topic, Math.max(answered.sentAt, answeredUpTo.get(answered.topic) ?? 0));
  }

  answersAll(): void {
    while (this.queue.length > 0) this.answersOne();
  }

  /** The attempts that the sagas have used up, together. */
  get usedUp(): number {
    return this.sagas.reduce((sum, saga) => sum + saga.action('product').used, 0);
  }

  get served(): number {
    return this.sagas.filter((saga) => saga.action('product').answer?.outcome === 'success').length;
  }

  #enqueue(saga: Scenario): void {
    const commands = saga.sent.filter(({ topic }) => topic === DECREASE);
    this.sendings += commands.length;
    this.queue.push(...commands.map((command) => ({ saga, command })));
  }
}

describe('many sagas in front of one participant (trap 11)', () => {
  test('a burst does not time out in its own queue, and is not sent again in a storm', () => {
    const crowd = new Crowd();
    for (let second = 1; second <= SIZE; second += 1) {
      crowd.waits(1);
      crowd.answersOne();
    }
    crowd.answersAll();
    expect([crowd.served, crowd.usedUp]).toEqual([SIZE, 0]);
    expect(crowd.sendings).toBeLessThanOrEqual(SIZE + MAY_BE_PROBED);
  });

  test('an outage is waited out: a few are probed, none is given up, and all go on when it ends', () => {
    const crowd = new Crowd();
    for (let minute = 1; minute <= 50; minute += 1) crowd.waits(60);
    expect(crowd.sendings).toBeLessThanOrEqual(SIZE + 50 * MAY_BE_PROBED);
    for (const saga of crowd.sagas) saga.is('RUNNING');
    crowd.answersAll();
    expect([crowd.served, crowd.usedUp]).toEqual([SIZE, 0]);
  });

  test('a single lost command is found, as soon as the others are answered', () => {
    const crowd = new Crowd();
    crowd.queue.splice(SIZE / 2, 1);
    crowd.answersAll();
    expect(crowd.served).toBe(SIZE - 1);
    crowd.waits(10);
    expect(crowd.usedUp).toBe(1);
    crowd.waits(1);
    crowd.answersAll();
    expect([crowd.served, crowd.usedUp, crowd.sendings]).toEqual([SIZE, 1, SIZE + 1]);
  });

  test('a command that is lost during an outage is found within five minutes after it', () => {
    const crowd = new Crowd();
    crowd.queue.splice(SIZE / 2, 1);
    for (let minute = 1; minute <= 10; minute += 1) crowd.waits(60);
    crowd.answersAll();
    expect([crowd.served, crowd.usedUp]).toEqual([SIZE - 1, 0]);
    crowd.waits(5 * 60);
    crowd.waits(1);
    crowd.answersAll();
    expect([crowd.served, crowd.usedUp]).toEqual([SIZE, 1]);
  });
});
