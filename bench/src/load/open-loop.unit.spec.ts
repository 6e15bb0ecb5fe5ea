import { expect, test } from 'vitest';
import type { RunningSystem } from '../systems/system.ts';
import { openLoop } from './open-loop.ts';
import { orderSources } from './order-source.ts';

const systemThat = (run: RunningSystem['run']): RunningSystem => ({
  run,
  pids: () => ({}),
  profiled: [],
  databases: [],
  messages: async () => 0,
  [Symbol.asyncDispose]: async () => undefined,
});

test('orders come at their rate though the system stands still', async () => {
  const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>();
  let placed = 0;
  const standingStill = systemThat(async () => {
    placed += 1;
    await goesOn;
    return 'COMPLETED';
  });
  const measuring = openLoop(standingStill, orderSources().of(), { ordersPerSecond: 100, warmUpMs: 0, measureMs: 200 });
  await expect.poll(() => placed).toBe(20);
  goOn();
  expect((await measuring).ended).toBe(20);
});

test('who was due while nobody could place an order has waited since then, though the order itself was quick', async () => {
  const started = performance.now();
  const stopsTheWorldFirst = systemThat(async () => {
    while (performance.now() - started < 100);
    return 'COMPLETED';
  });
  const { latency } = await openLoop(stopsTheWorldFirst, orderSources().of(), {
    ordersPerSecond: 100,
    warmUpMs: 0,
    measureMs: 100,
  });
  // Ten were due within these 100 ms: half of them waited for half of it, or longer.
  expect(latency.p50).toBeGreaterThan(40);
});
