import { encode, type ReceivedMessage, type WireMessage } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import { topics } from '@saga/messages/topics';
import { action, delivered } from '@saga/testkit/message-builders';
import pino from 'pino';
import { describe, expect, test } from 'vitest';
import { systemClock } from './clock.ts';
import { deadLetter } from './dead-letter.ts';
import { deliver } from './deliver.ts';
import type { DeliveryHandler } from './delivery.ts';
import { Unavailable } from './faults.ts';
import { failedReply } from './fold.ts';
import { staysBehind } from './left-messages.ts';
import { memoryBroker } from './memory-broker.ts';

const orderOf = (number: number) => `01980000-0000-7000-8000-${String(number).padStart(12, '0')}`;
const command = (number: number): Message<'deduct-balance-command'> =>
  action('deduct-balance-command', { orderId: orderOf(number), userId: 1, amount: number });
const received = (...messages: Message[]): ReceivedMessage[] =>
  messages.map((message, offset) => delivered(message, offset).received);

class UniqueViolation extends Error {
  readonly code = '23505';
}

/** A handler whose transactions either commit a whole batch or throw what `fault` says of one of its messages. */
function handlerWith(fault: (message: Message, attempt: number) => Error | undefined = () => undefined) {
  const committed: number[][] = [];
  let attempts = 0;
  const numberOf = ({ key }: Message): number => Number(key.slice(-12));
  const handler: DeliveryHandler = {
    topics: ['deduct-balance-command'],
    lanes: 1,
    handle: async (deliveries) => {
      attempts += 1;
      for (const { message } of deliveries) {
        const error = fault(message, attempts);
        if (error) throw error;
      }
      committed.push(deliveries.map(({ message }) => numberOf(message)));
      return { publish: deliveries.map(({ message }) => replyTo(message)), dead: [], left: [] };
    },
    failed: ({ message }, reason, now) => failedReply('balance', message, reason, now),
  };
  return { handler, committed, attempts: () => attempts };
}

const replyTo = ({ key, envelope }: Message): Message<'balance-refunded'> => ({
  topic: 'balance-refunded',
  key,
  envelope,
  body: { orderId: key, outcome: 'success' },
});

function delivering(
  handler: DeliveryHandler,
  publish: (messages: readonly WireMessage[]) => Promise<void>,
  clock = systemClock,
) {
  const counted: string[] = [];
  const logged: Record<string, unknown>[] = [];
  const stop = new AbortController();
  const handle = deliver({
    service: 'balance',
    handler,
    broker: { ...memoryBroker({ partitions: 1 }), publish },
    clock,
    logger: pino({}, { write: (line: string) => logged.push(JSON.parse(line)) }),
    observer: {
      batch: (size) => counted.push(`batch of ${size}`),
      handled: (topic, outcome) => counted.push(`${topic} ${outcome}`),
      deadLetter: (topic, code) => counted.push(`${topic} ${code}`),
    },
    inboxDays: 30,
    stopping: stop.signal,
  });
  return { handle, counted, logged, stop };
}

/** A broker that takes everything, and what it took, as `topic number`. */
function recorder() {
  const published: string[] = [];
  const bodies: unknown[] = [];
  return {
    published,
    bodies,
    publish: async (messages: readonly WireMessage[]) => {
      for (const { topic, key, value } of messages) {
        published.push(`${topic} ${Number(key.slice(-12))}`);
        bodies.push(JSON.parse(value));
      }
    },
  };
}

describe('a batch', () => {
  test('is handled in one transaction, and what it caused is published', async () => {
    const { handler, committed } = handlerWith();
    const { published, publish } = recorder();
    const { handle, counted } = delivering(handler, publish);
    await handle(received(command(1), command(2)));
    expect(committed).toEqual([[1, 2]]);
    expect(published).toEqual(['balance-refunded 1', 'balance-refunded 2']);
    expect(counted).toEqual(['deduct-balance-command success', 'deduct-balance-command success', 'batch of 2']);
  });

  test('is logged by the saga’s id, but a dead letter by its key, which may be no saga’s', async () => {
    const { handler } = handlerWith();
    const quiet = { ...handler, handle: async () => ({ publish: [], dead: [], left: [] }) };
    const reason = { code: 'NOT_JSON', message: 'x' };
    const [unread] = received(command(1));
    if (!unread) throw new Error('there is no message');
    const letter = deadLetter('product', { received: { ...unread, key: 'no saga' }, reason }, new Date());
    const { handle, logged } = delivering(quiet, recorder().publish);
    await handle(received(command(1), letter));
    expect(logged.map(({ msg, sagaId, key }) => ({ msg, sagaId, key }))).toEqual([
      { msg: 'deduct-balance-command', sagaId: orderOf(1), key: undefined },
      { msg: 'dead-letter', sagaId: undefined, key: 'no saga' },
    ]);
  });

  test('is not forgotten before what it caused has been acknowledged', async () => {
    const { handler, committed } = handlerWith();
    const acknowledged = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const { handle } = delivering(handler, () => {
      asked.resolve();
      return acknowledged.promise;
    });
    let forgotten = false;
    const handling = handle(received(command(1))).then(() => {
      forgotten = true;
    });
    await asked.promise;
    await new Promise((turn) => setImmediate(turn));
    expect({ committed, forgotten }).toEqual({ committed: [[1]], forgotten: false });
    acknowledged.resolve();
    await handling;
    expect(forgotten).toBe(true);
  });

  test('is published again until the broker takes it, and handled only once', async () => {
    const { handler, committed } = handlerWith();
    const { published, publish } = recorder();
    let refusals = 3;
    const { handle } = delivering(handler, async (messages) => {
      refusals -= 1;
      if (refusals >= 0) throw new Error('no broker');
      await publish(messages);
    });
    await handle(received(command(1)));
    expect(committed).toEqual([[1]]);
    expect(published).toEqual(['balance-refunded 1']);
  });
});

describe('what a message caused and no broker takes', () => {
  const tooLarge = (number: number) => async (messages: readonly WireMessage[]) => {
    if (messages.some(({ topic, key }) => topic === 'balance-refunded' && key === orderOf(number)))
      throw new RangeError('a message for balance-refunded has more than 900000 bytes');
  };

  test('makes that one a dead letter, whose effect is committed; the others are answered, in order', async () => {
    const { handler, committed } = handlerWith();
    const { published, bodies, publish } = recorder();
    const refuse = tooLarge(2);
    const { handle, counted } = delivering(handler, async (messages) => {
      await refuse(messages);
      await publish(messages);
    });
    await handle(received(command(1), command(2), command(3)));
    expect(committed).toEqual([[1, 2, 3]]);
    expect(published).toEqual(['balance-refunded 1', 'balance-refunded 3', 'dead-letter 2']);
    expect(bodies.at(-1)).toMatchObject({
      topic: 'deduct-balance-command',
      offset: '1',
      error: {
        code: 'UNPUBLISHABLE',
        message: expect.stringMatching(/its effect is committed.* more than 900000 bytes/),
      },
    });
    expect(counted).toContain('deduct-balance-command UNPUBLISHABLE');
  });

  test('is told apart from another message about the same saga by the command that it answers', async () => {
    const { handler } = handlerWith();
    const { bodies, publish } = recorder();
    const refuse = tooLarge(1);
    const other = action('deduct-balance-command', { orderId: orderOf(1), userId: 1, amount: 1 }, { generation: 1 });
    await delivering(handler, async (messages) => {
      if (messages.some(({ headers }) => headers.commandid !== other.envelope.id)) await refuse(messages);
      await publish(messages);
    }).handle(received(command(1), other));
    expect(bodies.at(-1)).toMatchObject({ offset: '0', error: { code: 'UNPUBLISHABLE' } });
  });

  test('is not what a broker without the topic, for now, refuses: that is repeated', async () => {
    const { handler } = handlerWith();
    const { published, publish } = recorder();
    let refusals = 2;
    await delivering(handler, async (messages) => {
      refusals -= 1;
      if (refusals >= 0) throw new Error('This server does not host this topic-partition');
      await publish(messages);
    }).handle(received(command(1)));
    expect(published).toEqual(['balance-refunded 1']);
  });
});

describe('a fault that may pass', () => {
  test('repeats the whole batch until it has passed', async () => {
    const { handler, committed, attempts } = handlerWith((_message, attempt) =>
      attempt < 3 ? new Unavailable('the database is away') : undefined,
    );
    const { published, publish } = recorder();
    await delivering(handler, publish).handle(received(command(1), command(2)));
    expect(attempts()).toBe(3);
    expect(committed).toEqual([[1, 2]]);
    expect(published).toEqual(['balance-refunded 1', 'balance-refunded 2']);
  });

  test('that outlasts the service leaves the batch to the next replica', async () => {
    const { handler } = handlerWith(() => new Unavailable('the database is away'));
    const { published, publish } = recorder();
    const { handle, stop } = delivering(handler, publish);
    const handling = handle(received(command(1)));
    stop.abort();
    await expect(handling).rejects.toThrow();
    expect(published).toEqual([]);
  });

  test('of the broker that outlasts the service leaves the batch to the next replica', async () => {
    const { handler } = handlerWith();
    const { handle, stop } = delivering(handler, async () => {
      throw new Error('no broker');
    });
    const handling = handle(received(command(1)));
    stop.abort();
    await expect(handling).rejects.toThrow();
  });
});

describe('a unique violation', () => {
  test("repeats the batch at once: another replica's row can be seen now", async () => {
    const { handler, committed, attempts } = handlerWith((_message, attempt) =>
      attempt === 1 ? new UniqueViolation('inbox_pkey') : undefined,
    );
    await delivering(handler, async () => {}).handle(received(command(1), command(2)));
    expect(attempts()).toBe(2);
    expect(committed).toEqual([[1, 2]]);
  });

  test('that stays is the fault of one message', async () => {
    const { handler, committed } = handlerWith(({ key }) =>
      key === orderOf(2) ? new UniqueViolation('dispatches_pkey') : undefined,
    );
    const { published, publish } = recorder();
    await delivering(handler, publish).handle(received(command(1), command(2), command(3)));
    expect(committed.flat()).toEqual([1, 3]);
    expect(published).toContain('dead-letter 2');
  });
});

describe('a poison message (trap 9)', () => {
  test.each([
    ['at the beginning', [1]],
    ['in the middle', [4]],
    ['at the end', [9]],
    ['among others', [1, 4, 5, 9]],
    ['everywhere', [1, 2, 3, 4, 5, 6, 7, 8, 9]],
  ])(
    '%s becomes a dead letter and is answered `failed`; the others are handled, once and in order',
    async (_where, poison) => {
      const { handler, committed } = handlerWith(({ key }) =>
        poison.includes(Number(key.slice(-12))) ? new TypeError('boom') : undefined,
      );
      const { published, bodies, publish } = recorder();
      const numbers = [1, 2, 3, 4, 5, 6, 7, 8, 9];
      await delivering(handler, publish).handle(received(...numbers.map(command)));

      expect(committed.flat()).toEqual(numbers.filter((number) => !poison.includes(number)));
      const count = (topic: string) => published.filter((each) => each.startsWith(topic)).length;
      expect([count('balance-refunded'), count('balance-deducted'), count('dead-letter')]).toEqual([
        numbers.length - poison.length,
        poison.length,
        poison.length,
      ]);
      const reason = { code: 'HANDLER_FAILED', message: 'boom' };
      expect(bodies).toContainEqual({ orderId: orderOf(poison[0] ?? 0), outcome: 'failed', reason });
      expect(bodies).toContainEqual(expect.objectContaining({ topic: 'deduct-balance-command', error: reason }));
    },
  );

  test('is answered in a fact that can be read, however much its error says', async () => {
    const { handler } = handlerWith(() => new TypeError('boom '.repeat(10_000)));
    const { bodies, publish } = recorder();
    await delivering(handler, publish).handle(received(command(1)));
    expect(topics['balance-deducted'].safeParse(bodies[0])).toMatchObject({ data: { outcome: 'failed' } });
  });

  test('leaves what was to be undone and its undoing in their order', async () => {
    const { handler, committed } = handlerWith(({ key }) => (key === orderOf(3) ? new TypeError('boom') : undefined));
    await delivering(handler, async () => {}).handle(received(command(1), command(3), command(2), command(1)));
    expect(committed.flat()).toEqual([1, 2, 1]);
  });
});

describe('a message that is left (trap 30)', () => {
  /** Leaves command 2 and what follows it in its partition, as far as it is shown them. */
  const leaving = (handler: DeliveryHandler): DeliveryHandler => ({
    ...handler,
    handle: async (deliveries) => {
      const left = deliveries
        .filter(({ message }) => message.key === orderOf(2))
        .map(({ received }) => ({ received, waitsFor: 'another replica' }));
      const comesAgain = staysBehind(left);
      const handled = await handler.handle(deliveries.filter(({ received }) => !comesAgain(received)));
      return { ...handled, left };
    },
  });
  const inPartition = (partition: number, messages: ReceivedMessage[]) =>
    messages.map((each) => ({ ...each, partition }));

  test('is not answered, nor is what follows it in its partition, a poison message elsewhere or not', async () => {
    const { handler, committed } = handlerWith(({ key }) => (key === orderOf(12) ? new TypeError('boom') : undefined));
    const { published, publish } = recorder();
    const held = inPartition(0, received(command(1), command(2), command(3), command(4)));
    const other = inPartition(1, received(command(11), command(12), command(13)));
    const left = await delivering(leaving(handler), publish).handle([...held.slice(0, 2), ...other, ...held.slice(2)]);
    expect(left.map(({ received }) => received)).toEqual([held[1]]);
    expect(committed.flat()).toEqual([1, 11, 13]);
    expect(published.filter((each) => each.startsWith('dead-letter'))).toEqual(['dead-letter 12']);
  });

  test('keeps what cannot be read behind it from the dead letters: it would come again, and again', async () => {
    const { handler } = handlerWith();
    const { published, publish } = recorder();
    const batch = received(command(1), command(2), command(3));
    const unreadable = { ...batch[2], value: Buffer.from('{') } as ReceivedMessage;
    await delivering(leaving(handler), publish).handle([...batch.slice(0, 2), unreadable]);
    expect(published).toEqual(['balance-refunded 1']);
  });
});

describe('what cannot be read (trap 9)', () => {
  const [good] = received(command(1));
  if (!good) throw new Error('no message');

  test.each<[string, Partial<ReceivedMessage>]>([
    ['UNKNOWN_TOPIC', { topic: 'no-such-topic' }],
    ['EMPTY', { value: null }],
    ['EMPTY', { key: null }],
    ['NOT_JSON', { value: Buffer.from('{"orderId":') }],
    ['NUL_CHARACTER', { value: Buffer.from('{"orderId":"\\u0000"}') }],
    ['BAD_HEADERS', { headers: {} }],
    ['UNKNOWN_VERSION', { headers: { ...good.headers, schemaversion: '2' } }],
    ['BAD_BODY', { value: Buffer.from('{}') }],
    ['EXPIRED', { headers: { ...good.headers, ce_time: '2020-01-01T00:00:00Z' } }],
  ])('%s becomes a dead letter; the rest of the batch is handled', async (code, fault) => {
    const { handler, committed } = handlerWith();
    const { bodies, publish } = recorder();
    const { handle, counted } = delivering(handler, publish);
    await handle([{ ...good, ...fault, offset: '7' }, ...received(command(2))]);
    expect(committed).toEqual([[2]]);
    expect(bodies).toContainEqual(
      expect.objectContaining({ offset: '7', service: 'balance', error: { code, message: expect.any(String) } }),
    );
    expect(counted).toContain(`${fault.topic ?? good.topic} ${code}`);
  });

  test('is not handed to the handler when there is nothing else', async () => {
    const { handler, attempts } = handlerWith();
    await delivering(handler, async () => {}).handle([{ ...good, value: Buffer.from('[') }]);
    expect(attempts()).toBe(0);
  });

  test('with a hundred thousand faults is described in a few words', async () => {
    const { bodies, publish } = recorder();
    const items = Array.from({ length: 100_000 }, () => 0);
    const { handler } = handlerWith();
    const [message] = received(
      action('create-delivery-command', { orderId: orderOf(1), userId: 1, items: [], shipTo: null }),
    );
    const value = Buffer.from(JSON.stringify({ orderId: orderOf(1), userId: 1, items, shipTo: null }));
    await delivering(handler, publish).handle([{ ...good, ...message, value }]);
    expect(JSON.stringify(bodies[0]).length).toBeLessThan(900_000);
  });

  test.each([
    ['a millisecond before it is as old', '2026-01-31T11:59:59.999Z', 'handled'],
    ['at the moment when it is as old', '2026-01-31T12:00:00.000Z', 'handled'],
    ['a millisecond after it', '2026-01-31T12:00:00.001Z', 'EXPIRED'],
  ])(
    'because it is older than the inbox remembers is told to the millisecond: %s (trap 28)',
    async (_when, at, end) => {
      const { handler, committed } = handlerWith();
      const { handle, counted } = delivering(handler, async () => {}, { ...systemClock, now: () => new Date(at) });
      await handle([{ ...good, headers: { ...good.headers, ce_time: '2026-01-01T12:00:00Z' } }]); // 30 days before
      expect(committed).toEqual(end === 'handled' ? [[1]] : []);
      expect(counted).toContain(
        end === 'handled' ? 'deduct-balance-command success' : 'deduct-balance-command EXPIRED',
      );
    },
  );

  test('but is the state of a thing never expires', async () => {
    const { handler, committed } = handlerWith();
    const { envelope } = command(1);
    const { key, headers, value } = encode({
      topic: 'product-changed',
      key: '1',
      envelope: { ...envelope, time: '2020-01-01T00:00:00Z' },
      body: { productId: 1, name: 'pen', price: 300, version: 1 },
    });
    await delivering(handler, async () => {}).handle([
      { topic: 'product-changed', key, headers, value: Buffer.from(value), partition: 0, offset: '0' },
    ]);
    expect(committed).toEqual([[1]]);
  });
});
