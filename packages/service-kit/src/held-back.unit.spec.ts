import type { ReceivedMessage } from '@saga/messages/codec';
import pino from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import type { LeftMessage } from './broker.ts';
import { createHeldBack } from './held-back.ts';

const received = (partition: number, offset: number): ReceivedMessage => ({
  topic: 'order-created',
  partition,
  offset: String(offset),
  key: `saga-${partition}-${offset}`,
  headers: {},
  value: null,
});
const left = (partition: number, offset: number, waitsFor = 'definition place-order v2'): LeftMessage => ({
  received: received(partition, offset),
  waitsFor,
});
const BATCH = [received(0, 0), received(0, 1), received(0, 2), received(1, 0), received(2, 7)];

function scene() {
  let time = 0;
  const lines: string[] = [];
  const logger = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line).msg) });
  const registry = new Registry();
  const heldBack = createHeldBack({ registry, logger, now: () => time });
  const pass = (seconds: number): void => {
    time += seconds * 1_000;
  };
  const handled = (...leaves: LeftMessage[]) => heldBack.watch(async () => leaves)(BATCH);
  const gauge = async () => (await registry.getSingleMetric('saga_messages_held_back')?.get())?.values[0]?.value;
  return { heldBack, handled, pass, lines, gauge };
}

describe('what a replica leaves for another (trap 30)', () => {
  test('is told in a sentence, counted with what stands behind it, and logged once', async () => {
    const { heldBack, handled, lines, gauge } = scene();
    expect([heldBack.notice(), await gauge()]).toEqual([undefined, 0]);
    await handled(left(0, 1), left(1, 0));
    await handled(left(0, 1), left(1, 0));
    expect(heldBack.notice()).toBe('2 partitions wait for definition place-order v2, e.g. saga-0-1');
    expect(await gauge()).toBe(3);
    expect(lines).toEqual(['left for a replica that can handle it: waits for definition place-order v2']);
  });

  test('is told apart by what it waits for', async () => {
    const { heldBack, handled } = scene();
    await handled(left(0, 1), left(1, 0, 'a definition gift'));
    expect(heldBack.notice()).toBe(
      '1 partition waits for definition place-order v2, e.g. saga-0-1; 1 partition waits for a definition gift, e.g. saga-1-0',
    );
  });

  test('is over when it has been handled', async () => {
    const { heldBack, handled, gauge } = scene();
    await handled(left(0, 1));
    await handled();
    expect([heldBack.notice(), await gauge()]).toEqual([undefined, 0]);
  });

  test('is forgotten when it is not seen any more: its partition is another replica’s by now', async () => {
    const { heldBack, handled, pass } = scene();
    await handled(left(0, 1));
    pass(20);
    expect(heldBack.notice()).toBeDefined();
    pass(20);
    expect(heldBack.notice()).toBeUndefined();
  });
});
