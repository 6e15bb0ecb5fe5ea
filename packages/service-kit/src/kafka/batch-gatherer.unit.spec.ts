import type { ReceivedMessage } from '@saga/messages/codec';
import { describe, expect, test } from 'vitest';
import type { LeftMessage } from '../broker.ts';
import { batchGatherer } from './batch-gatherer.ts';

const messages = (partition: number, count: number, topic = 'topic'): ReceivedMessage[] =>
  Array.from({ length: count }, (_, offset) => ({
    topic,
    partition,
    offset: String(offset),
    key: null,
    headers: {},
    value: null,
  }));

/** A handler that is opened by the test, and what came out. */
function scene(maxBatch: number, lanes = 1) {
  const batches: string[][] = [];
  const ends: PromiseWithResolvers<readonly LeftMessage[]>[] = [];
  const gatherer = batchGatherer({
    maxBatch,
    lanes,
    handle: (batch) => {
      batches.push(batch.map(({ partition, offset }) => `${partition}:${offset}`));
      const end = Promise.withResolvers<readonly LeftMessage[]>();
      ends.push(end);
      return end.promise;
    },
    onRejected: () => {},
  });
  const handled: string[] = [];
  const add = (partition: number, count: number, topic?: string) =>
    gatherer.add({
      messages: messages(partition, count, topic),
      handledUpTo: ({ offset }) => handled.push(`${partition}:${offset}`),
    });
  return { gatherer, batches, ends, handled, add };
}

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('gathering one batch of what a fetch brought', () => {
  test('what comes in one turn is one batch, over all partitions, up to the bound', async () => {
    const { add, batches, ends, handled } = scene(4);
    const outcomes = [add(0, 2), add(1, 3)];
    await aTurn();
    expect(batches).toEqual([['0:0', '0:1', '1:0', '1:1']]);
    ends[0]?.resolve([]);
    await aTurn();
    expect(batches[1]).toEqual(['1:2']);
    expect(handled).toEqual(['0:1', '1:1']);
    ends[1]?.resolve([]);
    expect(await Promise.all(outcomes)).toEqual(['handled', 'handled']);
    expect(handled).toEqual(['0:1', '1:1', '1:2']);
  });

  test('after a rejection nothing more of the same fetch is handed out: it comes again in order', async () => {
    const { add, batches, ends, handled } = scene(2);
    const outcome = add(0, 5);
    await aTurn();
    ends[0]?.resolve([]);
    await aTurn();
    ends[1]?.reject(new TypeError('no'));
    expect(await outcome).toBe('rejected');
    await aTurn();
    expect(batches).toEqual([
      ['0:0', '0:1'],
      ['0:2', '0:3'],
    ]);
    expect(handled).toEqual(['0:1']);
  });

  test('what is left holds back its partition from there on; the other partitions are handled (trap 30)', async () => {
    const { add, batches, ends, handled } = scene(5);
    const outcomes = [add(0, 4), add(1, 2)];
    await aTurn();
    const [, , left] = messages(0, 4);
    if (left) ends[0]?.resolve([{ received: left, waitsFor: 'another replica' }]);
    expect(await outcomes[0]).toBe('left');
    await aTurn();
    expect(batches[1]).toEqual(['1:1']);
    ends[1]?.resolve([]);
    expect(await outcomes[1]).toBe('handled');
    expect(handled).toEqual(['0:1', '1:0', '1:1']);
  });

  test('while it holds, no batch begins; what is abandoned then is not resolved any more', async () => {
    const { add, batches, ends, handled, gatherer } = scene(2);
    const first = add(0, 3);
    await aTurn();
    const held = gatherer.hold();
    const second = add(1, 1);
    gatherer.abandon();
    expect(await Promise.all([first, second])).toEqual(['abandoned', 'abandoned']);
    ends[0]?.resolve([]);
    await held;
    await aTurn();
    expect(handled).toEqual([]);
    expect(batches).toHaveLength(1);
    gatherer.resume();
    const third = add(0, 1);
    await aTurn();
    ends[1]?.resolve([]);
    expect(await third).toBe('handled');
  });

  test('what comes after an abandoned batch waits until that one has ended: never two calls at a time', async () => {
    const { add, batches, ends, gatherer } = scene(2);
    void add(0, 1);
    await aTurn();
    gatherer.abandon();
    void add(0, 1);
    await aTurn();
    expect(batches).toHaveLength(1);
    ends[0]?.resolve([]);
    await aTurn();
    expect(batches).toHaveLength(2);
  });
});

/** The batches as how many messages of which partition. */
const counted = (batches: readonly string[][]): Record<string, number>[] =>
  batches.map((batch) => {
    const partitions = Map.groupBy(batch, (place) => place.split(':')[0] ?? '');
    return Object.fromEntries([...partitions].map(([partition, places]) => [partition, places.length]));
  });

describe('two lanes', () => {
  test('share what a large fetch brought, each partition number as a whole', async () => {
    const { add, batches } = scene(200, 2);
    for (const partition of [0, 1, 2, 3]) void add(partition, 60);
    await aTurn();
    expect(counted(batches)).toEqual([
      { 0: 60, 1: 60 },
      { 2: 60, 3: 60 },
    ]);
  });

  test.each<[string, number[], number[][]]>([
    ['less than twice the least is one', [50, 50, 50], [[50, 50, 50]]],
    ['as many as are worth it, with nothing left over', Array(12).fill(20), [Array(6).fill(20), Array(6).fill(20)]],
    ['no more of them than lanes', Array(6).fill(100), [Array(2).fill(100), Array(2).fill(100)]],
    ['a number more, where that is nearer to an even share', [60, 60, 100], [[60, 60], [100]]],
    ['a number less, where that is nearer', [100, 100, 90], [[100], [100, 90]]],
    ['a rest that is too small goes along', [180, 10, 10], [[180, 10, 10]]],
    ['one large number stands alone', [500, 100], [[200], [100]]],
  ])('make even batches: %s', async (_, fetched, expected) => {
    const { add, batches } = scene(200, 2);
    for (const [partition, count] of fetched.entries()) void add(partition, count);
    await aTurn();
    expect(counted(batches).map((batch) => Object.values(batch))).toEqual(expected);
  });

  test('do not make two small batches of what is one', async () => {
    const { add, batches, ends } = scene(200, 2);
    for (const partition of [0, 1, 2]) void add(partition, 30);
    await aTurn();
    void add(3, 99);
    await aTurn();
    expect(counted(batches)).toEqual([{ 0: 30, 1: 30, 2: 30 }]);
    ends[0]?.resolve([]);
    await aTurn();
    expect(counted(batches).slice(1)).toEqual([{ 3: 99 }]);
  });

  test('what comes meanwhile begins beside the batch at hand as soon as it is large enough, and no third one does', async () => {
    const { add, batches } = scene(200, 2);
    void add(0, 10);
    await aTurn();
    void add(1, 60);
    await aTurn();
    void add(2, 40);
    await aTurn();
    void add(3, 400);
    await aTurn();
    expect(counted(batches)).toEqual([{ 0: 10 }, { 1: 60, 2: 40 }]);
  });

  test('a partition number never is in two batches at a time, of whatever topic, and its messages stay in order', async () => {
    const { add, batches, ends, handled } = scene(3, 2);
    const outcomes = [add(0, 4), add(0, 3, 'other')];
    await aTurn();
    expect(batches).toEqual([['0:0', '0:1', '0:2']]);
    outcomes.push(add(1, 4));
    await aTurn();
    expect(batches.slice(1)).toEqual([['1:0', '1:1', '1:2']]);
    ends[0]?.resolve([]);
    await aTurn();
    expect(batches.slice(2)).toEqual([['0:3', '0:0', '0:1']]);
    ends[1]?.resolve([]);
    ends[2]?.resolve([]);
    await aTurn();
    for (const end of ends) end.resolve([]);
    await aTurn();
    for (const end of ends) end.resolve([]);
    expect(await Promise.all(outcomes)).toEqual(['handled', 'handled', 'handled']);
    expect(handled).toEqual(['0:2', '1:2', '0:3', '0:1', '0:2', '1:3']);
  });

  test('what is rejected or left in one of them does not touch the other', async () => {
    const { add, batches, ends, handled } = scene(3, 2);
    const rejected = add(0, 5);
    const left = add(1, 3);
    await aTurn();
    expect(batches).toEqual([
      ['0:0', '0:1', '0:2'],
      ['1:0', '1:1', '1:2'],
    ]);
    ends[0]?.reject(new Error('no'));
    expect(await rejected).toBe('rejected');
    const [, second] = messages(1, 3);
    if (second) ends[1]?.resolve([{ received: second, waitsFor: 'another replica' }]);
    expect(await left).toBe('left');
    expect(handled).toEqual(['1:0']);
    const again = add(0, 1);
    await aTurn();
    expect(batches.slice(2)).toEqual([['0:0']]);
    ends[2]?.resolve([]);
    expect(await again).toBe('handled');
  });

  test('holding waits for the batches of both; nothing is begun until they are resumed', async () => {
    const { add, batches, ends, gatherer } = scene(200, 2);
    void add(0, 100);
    void add(1, 100);
    await aTurn();
    let isHeld = false;
    const holding = gatherer.hold().then(() => {
      isHeld = true;
    });
    void add(2, 100);
    ends[0]?.resolve([]);
    await aTurn();
    expect([isHeld, batches.length]).toEqual([false, 2]);
    ends[1]?.resolve([]);
    await holding;
    expect(batches).toHaveLength(2);
    gatherer.resume();
    await aTurn();
    expect(batches).toHaveLength(3);
  });

  test('what was abandoned while it was handled is begun again only after its end', async () => {
    const { add, batches, ends, gatherer } = scene(200, 2);
    const outcome = add(0, 100);
    await aTurn();
    gatherer.abandon();
    expect(await outcome).toBe('abandoned');
    void add(0, 100);
    void add(1, 100);
    await aTurn();
    expect(counted(batches)).toEqual([{ 0: 100 }, { 1: 100 }]);
    ends[0]?.resolve([]);
    await aTurn();
    expect(counted(batches).slice(2)).toEqual([{ 0: 100 }]);
  });
});

test('a fetch that brought nothing is done with', async () => {
  const { add, batches } = scene(2);
  expect(await add(0, 0)).toBe('handled');
  expect(batches).toEqual([]);
});
