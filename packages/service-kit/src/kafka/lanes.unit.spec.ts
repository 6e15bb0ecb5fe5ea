import type { ReceivedMessage } from '@saga/messages/codec';
import { describe, expect, test } from 'vitest';
import { batchGatherer } from './batch-gatherer.ts';
import { inLanes } from './lanes.ts';

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const message = (topic: string, partition: number): ReceivedMessage => ({
  ...{ topic, partition, offset: '0', key: null, headers: {}, value: null },
});

/** Two lanes with a handler that is opened by the test. */
function scene() {
  const begun: string[] = [];
  const ends: PromiseWithResolvers<readonly never[]>[] = [];
  const gatherer = inLanes(2, () =>
    batchGatherer({
      maxBatch: 10,
      handle: (batch) => {
        begun.push(batch.map(({ topic, partition }) => `${topic}:${partition}`).join(' '));
        const end = Promise.withResolvers<readonly never[]>();
        ends.push(end);
        return end.promise;
      },
      onRejected: () => {},
    }),
  );
  const add = (topic: string, partition: number) =>
    gatherer.add({ messages: [message(topic, partition)], handledUpTo: () => {} });
  const endAll = (): void => {
    for (const end of ends.splice(0)) end.resolve([]);
  };
  return { gatherer, begun, add, endAll };
}

describe('lanes', () => {
  test('batches of different partition numbers are handled at the same time, whichever numbers a member has', async () => {
    const { add, begun } = scene();
    void add('a', 0);
    void add('a', 2);
    await aTurn();
    expect(begun).toEqual(['a:0', 'a:2']);
  });

  test('a partition number never is in two batches at a time, whatever the topic and however many come', async () => {
    const { add, begun, endAll } = scene();
    const first = add('a', 1);
    await aTurn();
    const others = [add('b', 1), add('a', 2), add('a', 3)];
    await aTurn();
    expect(begun).toEqual(['a:1', 'a:2']);
    endAll();
    await aTurn();
    expect(begun).toEqual(['a:1', 'a:2', 'b:1 a:3']);
    endAll();
    expect(await Promise.all([first, ...others])).toEqual(['handled', 'handled', 'handled', 'handled']);
  });

  test('holding waits for the batches of all lanes; nothing is begun until they are resumed', async () => {
    const { gatherer, add, begun, endAll } = scene();
    void add('a', 0);
    void add('a', 1);
    await aTurn();
    let held = false;
    const holding = gatherer.hold().then(() => {
      held = true;
    });
    void add('a', 0);
    await aTurn();
    expect([held, begun.length]).toEqual([false, 2]);
    endAll();
    await holding;
    expect(begun.length).toBe(2);
    gatherer.resume();
    await aTurn();
    expect(begun.length).toBe(3);
  });

  test('what is abandoned is abandoned in all lanes', async () => {
    const { gatherer, add } = scene();
    const outcomes = [add('a', 0), add('a', 1)];
    await aTurn();
    gatherer.abandon();
    expect(await Promise.all(outcomes)).toEqual(['abandoned', 'abandoned']);
  });
});
