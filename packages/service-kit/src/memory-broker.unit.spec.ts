import type { WireMessage } from '@saga/messages/codec';
import { describe, expect, test } from 'vitest';
import { brokerContract } from './broker-contract.ts';
import { memoryBroker } from './memory-broker.ts';
import { messageRecorder } from './message-recorder.ts';

const PARTITIONS = 4;
/** As partition-log.ts keeps; trimming lets twice as many gather. */
const KEPT_RECORDS = 1_000;

brokerContract('the broker in memory', async () => {
  const broker = memoryBroker({ partitions: PARTITIONS });
  return {
    connect: () => broker,
    partitions: PARTITIONS,
    publishRaw: async (topic, record) => broker.append(topic, record),
    close: async () => {},
  };
});

const message = (key: string, value: string): WireMessage => ({ topic: 'topic', key, headers: {}, value });
const numbered = (count: number): string[] => Array.from({ length: count }, (_, number) => String(number));

describe("the memory broker's memory", () => {
  test('is bounded for what every group has handled', async () => {
    const broker = memoryBroker({ partitions: 1 });
    await broker.createTopics([{ name: 'topic', compacted: false }]);
    const inbox = messageRecorder();
    await broker.consume({ group: 'group', topics: ['topic'], maxBatch: 500 }, inbox.handle);
    await broker.publish(numbered(20_000).map((value) => message('a', value)));
    await inbox.until(() => inbox.received.length === 20_000);
    await broker.publish([message('a', 'last')]);
    await inbox.until(() => inbox.received.length === 20_001);
    expect(broker.size).toBeLessThanOrEqual(2 * KEPT_RECORDS);
  });

  test('is bounded for what nobody reads', async () => {
    const broker = memoryBroker({ partitions: 1 });
    await broker.createTopics([{ name: 'topic', compacted: false }]);
    for (const value of numbered(10_000)) await broker.publish([message('a', value)]);
    expect(broker.size).toBeLessThanOrEqual(2 * KEPT_RECORDS);
  });

  test('holds what one group has not handled, however much the others have', async () => {
    const broker = memoryBroker({ partitions: 1 });
    await broker.createTopics([{ name: 'topic', compacted: false }]);
    const slow = messageRecorder();
    const fast = messageRecorder();
    const gate = Promise.withResolvers<void>();
    const waits = { group: 'slow', topics: ['topic'], maxBatch: 500 };
    await broker.consume(waits, async (batch) => gate.promise.then(() => slow.handle(batch)));
    await broker.consume({ ...waits, group: 'fast' }, fast.handle);
    await broker.publish(numbered(5_000).map((value) => message('a', value)));
    await fast.until(() => fast.received.length === 5_000);
    gate.resolve();
    await slow.until(() => slow.received.length === 5_000);
    expect(slow.values()).toEqual(numbered(5_000));
  });

  test('keeps the last message of every key of a compacted topic, for a group that comes late', async () => {
    const broker = memoryBroker({ partitions: 1 });
    await broker.createTopics([{ name: 'topic', compacted: true }]);
    await broker.publish(numbered(100).map((value) => message(`rare-${value}`, value)));
    for (const value of numbered(10_000)) await broker.publish([message('often', value)]);
    expect(broker.size).toBeLessThanOrEqual(2 * (KEPT_RECORDS + 101));
    const late = messageRecorder();
    await broker.consume({ group: 'late', topics: ['topic'], maxBatch: 500 }, late.handle);
    await late.until(() => late.values().at(-1) === '9999');
    const rare = late.received.filter(({ key }) => key?.startsWith('rare-')).map(({ key }) => key);
    expect(rare).toEqual(numbered(100).map((value) => `rare-${value}`));
  });
});

test('the memory broker does nothing but what its scheduler runs', async () => {
  const turns: (() => void)[] = [];
  const broker = memoryBroker({ partitions: 1, schedule: (run) => turns.push(run) });
  await broker.createTopics([{ name: 'topic', compacted: false }]);
  const inbox = messageRecorder();
  await broker.consume({ group: 'group', topics: ['topic'], maxBatch: 2 }, inbox.handle);
  await broker.publish(numbered(3).map((value) => message('a', value)));
  const seen: number[] = [];
  while (turns.length > 0) {
    turns.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(inbox.received.length);
  }
  expect(seen).toEqual([2, 3, 3]);
});
