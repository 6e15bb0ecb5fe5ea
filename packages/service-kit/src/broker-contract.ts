import type { ReceivedMessage, WireMessage } from '@saga/messages/codec';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchHandler, Broker, Consumer } from './broker.ts';
import { staysBehind } from './left-messages.ts';
import type { LogRecord } from './memory/partition-log.ts';
import { type MessageRecorder, messageRecorder, textOf } from './message-recorder.ts';
import { partitionOf } from './partition-of.ts';

export type BrokerUnderTest = {
  /** A further door to the same broker, as another process has one. */
  connect(): Broker;
  /** Of every topic. */
  partitions: number;
  /** What no publisher of ours sends. */
  publishRaw(topic: string, record: LogRecord): Promise<void>;
  close(): Promise<void>;
};

/** A group of several members on a busy machine takes seconds to settle; what fails, fails by never ending. */
const LIMIT_MS = 180_000;
const MAX_BATCH = 100;
const KEYS = Array.from({ length: 40 }, (_, number) => `saga-${number}`);

/** What every adapter of the {@link Broker} port keeps to; each runs it in its own specification. */
export function brokerContract(name: string, setUp: () => Promise<BrokerUnderTest>): void {
  describe(`${name} keeps the broker's contract`, { timeout: LIMIT_MS }, () => {
    let under: BrokerUnderTest;
    let broker: Broker;
    const consumers: Consumer[] = [];
    let named = 0;

    beforeAll(async () => {
      under = await setUp();
      broker = under.connect();
    }, LIMIT_MS);

    afterAll(async () => {
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await broker.close();
      await under.close();
    }, LIMIT_MS);

    /** Each test has its own topics and groups. */
    const freshName = (kind: string): string => {
      named += 1;
      return `${kind}-${named}`;
    };

    async function freshTopics(count = 1): Promise<[string, ...string[]]> {
      const topics = Array.from({ length: count }, () => freshName('topic'));
      await broker.createTopics(topics.map((topic) => ({ name: topic, compacted: false })));
      return topics as [string, ...string[]];
    }

    async function consume(
      topics: readonly string[],
      handle: BatchHandler,
      { group = freshName('group'), through = broker, maxBatch = MAX_BATCH, lanes = 1 } = {},
    ): Promise<Consumer> {
      const consumer = await through.consume({ group, topics, maxBatch, lanes }, handle);
      consumers.push(consumer);
      return consumer;
    }

    test('messages of a key arrive in the order of publishing, over calls that do not wait for each other', async () => {
      const [topic] = await freshTopics();
      const values = numbered(300);
      const inbox = messageRecorder();
      await consume([topic], inbox.handle);
      await Promise.all(
        chunked(values, 7).map((part) => broker.publish(part.map((value) => message(topic, 'a', value)))),
      );
      await inbox.until(() => inbox.values().length >= values.length);
      expect(inbox.values()).toEqual(values);
    });

    test('key, headers and value arrive as they were published', async () => {
      const [topic] = await freshTopics();
      const inbox = messageRecorder();
      await broker.publish([{ topic, key: 'schlüssel', headers: { ce_id: '1', traceparent: 'ü' }, value: '{"ö":1}' }]);
      await consume([topic], inbox.handle);
      await inbox.until(() => inbox.received.length >= 1);
      expect(inbox.received[0]).toEqual({
        topic,
        partition: partitionOf('schlüssel', under.partitions),
        offset: '0',
        key: 'schlüssel',
        headers: { ce_id: '1', traceparent: 'ü' },
        value: Buffer.from('{"ö":1}'),
      });
    });

    test('a key has the same partition number in every topic', async () => {
      const topics = await freshTopics(2);
      const inbox = messageRecorder();
      await consume(topics, inbox.handle);
      await broker.publish(topics.flatMap((topic) => KEYS.map((key) => message(topic, key))));
      await inbox.until(() => inbox.received.length >= 2 * KEYS.length);
      for (const each of inbox.received) expect(each.partition).toBe(partitionOf(each.key ?? '', under.partitions));
    });

    test('every group gets everything, also one that comes late', async () => {
      const [topic] = await freshTopics();
      const values = numbered(50);
      const early = messageRecorder();
      await consume([topic], early.handle);
      await broker.publish(values.map((value) => message(topic, 'a', value)));
      await early.until(() => early.received.length >= values.length);
      const late = messageRecorder();
      await consume([topic], late.handle);
      await late.until(() => late.received.length >= values.length);
      expect([early.values(), late.values()]).toEqual([values, values]);
    });

    test('what arrives while the handler works is handled together, never two calls at a time, never above the bound', async () => {
      const topics = await freshTopics(2);
      const [topic] = topics;
      const inbox = messageRecorder();
      const gate = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      let atWork = 0;
      let mostAtWork = 0;
      await consume(
        topics,
        async (batch) => {
          atWork += 1;
          mostAtWork = Math.max(mostAtWork, atWork);
          begun.resolve();
          await gate.promise;
          atWork -= 1;
          return inbox.handle(batch);
        },
        { maxBatch: 30 },
      );
      await broker.publish([message(topic, 'first')]);
      await begun.promise;
      await broker.publish(topics.flatMap((each) => KEYS.map((key) => message(each, key))));
      gate.resolve();
      await inbox.until(() => inbox.received.length >= 1 + 2 * KEYS.length);
      expect(mostAtWork).toBe(1);
      expect(Math.max(...inbox.sizes)).toBeLessThanOrEqual(30);
      expect(inbox.sizes.length).toBeLessThan(KEYS.length);
    });

    test('in lanes, a partition number is in one call at a time, whatever the topic, and there are no more calls than lanes', async () => {
      const topics = await freshTopics(2);
      const inbox = messageRecorder();
      const atWork = new Set<ReceivedMessage>();
      let calls = 0;
      const overlaps: string[] = [];
      const handle: BatchHandler = async (batch) => {
        calls += 1;
        if (calls > 2) overlaps.push(`${calls} calls`);
        const numbers = new Set(batch.map(({ partition }) => partition));
        for (const { partition } of atWork) if (numbers.has(partition)) overlaps.push(`partition ${partition}`);
        for (const each of batch) atWork.add(each);
        await new Promise((resolve) => setImmediate(resolve));
        for (const each of batch) atWork.delete(each);
        calls -= 1;
        return inbox.handle(batch);
      };
      await consume(topics, handle, { maxBatch: 7, lanes: 2 });
      for (let round = 0; round < 5; round += 1)
        await broker.publish(topics.flatMap((topic) => KEYS.map((key) => message(topic, key, String(round)))));
      await inbox.until(() => inbox.received.length >= 5 * 2 * KEYS.length);
      expect(overlaps).toEqual([]);
      for (const key of KEYS)
        for (const topic of topics)
          expect(inbox.received.filter((each) => each.key === key && each.topic === topic).map(textOf)).toEqual(
            numbered(5),
          );
    });

    test('in lanes, what is there of several partition numbers is handled by two calls at a time', async () => {
      const [topic] = await freshTopics();
      await broker.publish(KEYS.map((key) => message(topic, key, '0')));
      const both = Promise.withResolvers<void>();
      let atWork = 0;
      const handle: BatchHandler = async () => {
        atWork += 1;
        if (atWork === 2) both.resolve();
        await both.promise;
        atWork -= 1;
        return [];
      };
      await consume([topic], handle, { maxBatch: 3, lanes: 2 });
      await both.promise;
    });

    test('members of a group share the partition numbers, the same of every topic; one that stops hands over', async () => {
      const topics = await freshTopics(2);
      const group = freshName('group');
      const other = under.connect();
      const first = messageRecorder();
      const second = messageRecorder();
      await consume(topics, first.handle, { group });
      const leaver = await consume(topics, second.handle, { group, through: other });

      /** Publishes to every key of both topics; where each member's part was read, when all of it was. */
      async function round(number: string): Promise<[string[], string[]]> {
        await broker.publish(topics.flatMap((topic) => KEYS.map((key) => message(topic, key, number))));
        const places = (inbox: MessageRecorder): string[] =>
          inbox.received.filter((each) => textOf(each) === number).map((each) => `${each.topic} ${each.key}`);
        const all = (): boolean => new Set([...places(first), ...places(second)]).size === 2 * KEYS.length;
        await Promise.race([first.until(all), second.until(all)]);
        return [places(first), places(second)];
      }
      const numbersOf = (topic: string, places: readonly string[]): number[] =>
        [...new Set(places.filter((place) => place.startsWith(`${topic} `)))]
          .map((place) => partitionOf(place.slice(topic.length + 1), under.partitions))
          .filter((number, index, all) => all.indexOf(number) === index)
          .sort((a, b) => a - b);

      let shared = await round('0');
      for (let number = 1; shared[0].length === 0 || shared[1].length === 0; number += 1)
        shared = await round(String(number));
      // The round before may have met the rebalance half way.
      shared = await round('settled');
      const [x, y] = topics as unknown as [string, string];
      for (const places of shared) expect(numbersOf(x, places)).toEqual(numbersOf(y, places));
      expect(numbersOf(x, [...shared[0], ...shared[1]]).length).toBe(
        numbersOf(x, shared[0]).length + numbersOf(x, shared[1]).length,
      );

      await leaver.stop();
      const [kept, left] = await round('handed over');
      expect([kept.length, left.length]).toEqual([2 * KEYS.length, 0]);
      await other.close();
    });

    test('a rejected batch comes again, before anything after it', async () => {
      const [topic] = await freshTopics();
      const inbox = messageRecorder();
      const attempts: (string | null)[] = [];
      await broker.publish(numbered(20).map((value) => message(topic, 'a', value)));
      await consume([topic], async (batch) => {
        attempts.push(...batch.slice(0, 1).map(textOf));
        if (attempts.length === 1) await broker.publish([message(topic, 'a', 'later')]);
        if (attempts.length <= 3) throw new Error('not now');
        return inbox.handle(batch);
      });
      await inbox.until(() => inbox.values().includes('later'));
      expect(attempts.slice(0, 4)).toEqual(['0', '0', '0', '0']);
      expect(inbox.values()).toEqual([...numbered(20), 'later']);
    });

    /** Leaves what reads `left` until it is told how to handle it, and hands over everything else but what follows it. */
    function leaver() {
      const inbox = messageRecorder();
      const triedAgain = Promise.withResolvers<void>();
      let knows = false;
      let tries = 0;
      const handle: BatchHandler = async (batch) => {
        const left = batch
          .filter((each) => !knows && textOf(each) === 'left')
          .map((received) => ({ received, waitsFor: 'what another replica knows' }));
        if (left.length > 0) tries += 1;
        if (tries >= 2) triedAgain.resolve();
        const comesAgain = staysBehind(left);
        await inbox.handle(batch.filter((each) => !comesAgain(each)));
        return left;
      };
      const learn = (): void => {
        knows = true;
      };
      return { inbox, handle, learn, triedAgain: triedAgain.promise };
    }

    test('what is left holds back its partition from there on, and no other; it comes again, in order (trap 30)', async () => {
      const [topic] = await freshTopics();
      const group = freshName('group');
      const others = KEYS.filter((key) => partitionOf(key, under.partitions) !== partitionOf('a', under.partitions));
      const { inbox, handle, learn, triedAgain } = leaver();
      const ofKey = (key: string) => inbox.received.filter((each) => each.key === key).map(textOf);
      await broker.publish(['0', 'left', '2'].map((value) => message(topic, 'a', value)));
      await broker.publish(others.map((key) => message(topic, key, 'at once')));
      await consume([topic], handle, { group });
      await inbox.until(() => inbox.received.length === 1 + others.length);
      await triedAgain;
      await broker.publish(['a', ...others].map((key) => message(topic, key, 'later')));
      await inbox.until(() => inbox.received.length === 1 + 2 * others.length);
      expect(ofKey('a')).toEqual(['0']);
      // Nothing is committed beyond what was left. Commits stand beside the work: each look takes a moment.
      while ((await broker.lag(group, [topic])) !== 3);
      learn();
      await inbox.until(() => inbox.received.length === 4 + 2 * others.length);
      expect(ofKey('a')).toEqual(['0', 'left', '2', 'later']);
      for (const key of others) expect(ofKey(key)).toEqual(['at once', 'later']);
    });

    test('what one member leaves, another handles when the partition is its own (trap 30)', async () => {
      const [topic] = await freshTopics();
      const group = freshName('group');
      const other = under.connect();
      const old = leaver();
      const replaced = await consume([topic], old.handle, { group });
      await broker.publish(KEYS.flatMap((key) => ['0', 'left', '2'].map((value) => message(topic, key, value))));
      await old.triedAgain;
      const inbox = messageRecorder();
      await consume([topic], inbox.handle, { group, through: other });
      await replaced.stop();
      await inbox.until(() =>
        KEYS.every((key) => inbox.received.some((each) => each.key === key && textOf(each) === '2')),
      );
      expect(old.inbox.values()).not.toContain('left');
      const ofKey = (key: string) =>
        [...old.inbox.received, ...inbox.received].filter((each) => each.key === key).map(textOf);
      // At least once, in order: a message that was handled just before the partition moved may come again.
      for (const key of KEYS) expect([...new Set(ofKey(key))]).toEqual(['0', 'left', '2']);
      await other.close();
    });

    test.each<[string, BatchHandler]>([
      ['rejects with a TypeError', async () => Promise.reject(new TypeError('undefined is not a function'))],
      [
        'throws at once',
        () => {
          throw new TypeError('undefined is not a function');
        },
      ],
    ])('a handler that %s is called again', async (_, fail) => {
      const [topic] = await freshTopics();
      const inbox = messageRecorder();
      let failures = 0;
      await consume([topic], (batch) => {
        failures += 1;
        return failures <= 2 ? fail(batch) : inbox.handle(batch);
      });
      await broker.publish([message(topic, 'a', 'once')]);
      await inbox.until(() => inbox.received.length > 0);
      await broker.publish([message(topic, 'a', 'and on')]);
      await inbox.until(() => inbox.received.length > 1);
      expect(inbox.values()).toEqual(['once', 'and on']);
    });

    test('stopping ends the batch at hand; what was handled does not come again', async () => {
      const [topic] = await freshTopics();
      const group = freshName('group');
      const begun = Promise.withResolvers<void>();
      const gate = Promise.withResolvers<void>();
      const before = messageRecorder();
      const consumer = await consume(
        [topic],
        async (batch) => {
          begun.resolve();
          await gate.promise;
          return before.handle(batch);
        },
        { group, maxBatch: 10 },
      );
      await broker.publish(numbered(25).map((value) => message(topic, 'a', value)));
      await begun.promise;
      const stopped = consumer.stop();
      gate.resolve();
      await stopped;
      const handled = before.values();
      expect(handled.length).toBeLessThanOrEqual(10);
      const after = messageRecorder();
      await consume([topic], after.handle, { group });
      await after.until(() => after.received.length + handled.length >= 25);
      expect([...handled, ...after.values()]).toEqual(numbered(25));
    });

    test('in lanes, stopping ends all batches at hand, and no other is begun', async () => {
      const [topic] = await freshTopics();
      await broker.publish(KEYS.map((key) => message(topic, key, '0')));
      const both = Promise.withResolvers<void>();
      const gates: (() => void)[] = [];
      const handle: BatchHandler = async () => {
        const gate = Promise.withResolvers<void>();
        gates.push(gate.resolve);
        if (gates.length === 2) both.resolve();
        await gate.promise;
        return [];
      };
      const consumer = await consume([topic], handle, { maxBatch: 3, lanes: 2 });
      await both.promise;
      const stopped = consumer.stop();
      gates[0]?.();
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      for (const open of gates) open();
      await stopped;
      expect(gates).toHaveLength(2);
    });

    test('the lag is what the group has not handled yet', async () => {
      const topics = await freshTopics(2);
      const group = freshName('group');
      await broker.publish(topics.flatMap((topic) => KEYS.map((key) => message(topic, key))));
      expect(await broker.lag(group, topics)).toBe(2 * KEYS.length);
      const inbox = messageRecorder();
      await consume(topics, inbox.handle, { group });
      await inbox.until(() => inbox.received.length >= 2 * KEYS.length);
      // Offsets are committed beside the work: each look takes a moment.
      while ((await broker.lag(group, topics)) > 0);
      await broker.publish([message(topics[0], 'a')]);
      await inbox.until(() => inbox.received.length >= 2 * KEYS.length + 1);
      while ((await broker.lag(group, topics)) > 0);
    });

    test('bytes that are no text, and a missing key or value, arrive as they are', async () => {
      const [topic] = await freshTopics();
      const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
      const inbox = messageRecorder();
      await consume([topic], inbox.handle);
      await under.publishRaw(topic, { key: null, headers: {}, value: bytes });
      await under.publishRaw(topic, { key: 'a', headers: { ce_id: 'x' }, value: null });
      await inbox.until(() => inbox.received.length >= 2);
      const read = inbox.received.map(({ key, headers, value }) => ({ key, headers, value }));
      expect(read).toContainEqual({ key: null, headers: {}, value: bytes });
      expect(read).toContainEqual({ key: 'a', headers: { ce_id: 'x' }, value: null });
    });

    test('a record is read again where it stands, byte by byte, by nobody who consumes; where none is, there is none', async () => {
      const [topic] = await freshTopics();
      const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
      const inbox = messageRecorder();
      await consume([topic], inbox.handle);
      await broker.publish([
        message(topic, 'a', 'before'),
        { topic, key: 'a', headers: { ce_id: 'ü', text: 'x' }, value: bytes },
        message(topic, 'a', 'after'),
      ]);
      await inbox.until(() => inbox.received.length >= 3);
      const { partition, offset } = inbox.received[1] ?? { partition: 0, offset: '' };
      expect(await broker.read({ topic, partition, offset })).toEqual({
        key: Buffer.from('a'),
        headers: { ce_id: Buffer.from('ü'), text: Buffer.from('x') },
        value: bytes,
      });
      expect(await broker.read({ topic, partition, offset: String(Number(offset) + 1_000) })).toBeUndefined();
      expect(inbox.received).toHaveLength(3);
    });

    test('topics are created once, by however many services at a time', async () => {
      const specs = [freshName('topic'), freshName('topic')].map((topic, index) => ({
        name: topic,
        compacted: index > 0,
      }));
      const services = Array.from({ length: 7 }, () => under.connect());
      await Promise.all(services.map((service) => service.createTopics(specs)));
      const added = { name: freshName('topic'), compacted: false };
      await broker.createTopics([...specs, added]);
      await broker.publish([...specs, added].map((spec) => message(spec.name, 'a')));
      expect(
        await broker.lag(
          freshName('group'),
          [...specs, added].map((spec) => spec.name),
        ),
      ).toBe(3);
      await Promise.all(services.map((service) => service.close()));
    });

    test('thousands of messages published at once arrive, each key in order', async () => {
      const [topic] = await freshTopics();
      const inbox = messageRecorder();
      const kilobyte = 'x'.repeat(1_000);
      const values = numbered(100);
      await consume([topic], inbox.handle);
      await broker.publish(values.flatMap((value) => KEYS.map((key) => message(topic, key, `${value} ${kilobyte}`))));
      await inbox.until(() => inbox.received.length >= values.length * KEYS.length);
      for (const key of KEYS)
        expect(inbox.received.filter((each) => each.key === key).map((each) => textOf(each)?.split(' ')[0])).toEqual(
          values,
        );
    });

    test('publishing to a topic that does not exist is refused', async () => {
      await expect(broker.publish([message(freshName('missing'), 'a')])).rejects.toThrow();
    });

    test('it can be reached', async () => {
      await expect(broker.check()).resolves.toBeUndefined();
    });
  });
}

const message = (topic: string, key: string, value = 'x'): WireMessage => ({ topic, key, headers: {}, value });
const numbered = (count: number): string[] => Array.from({ length: count }, (_, number) => String(number));
const chunked = <Item>(items: readonly Item[], size: number): Item[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
