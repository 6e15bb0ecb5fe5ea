import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunningSystem } from '../systems/system.ts';
import { openLoop } from './open-loop.ts';
import { orderSources } from './order-source.ts';

// Vitest's clock does not move these by itself.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
}));
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

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
  await vi.advanceTimersByTimeAsync(95);
  expect(placed).toBe(10);
  await vi.advanceTimersByTimeAsync(105);
  expect(placed).toBe(20);
  goOn();
  expect((await measuring).ended).toBe(20);
});

test('who was due while nobody could place an order has waited since then, though the order itself was quick', async () => {
  let hasStopped = false;
  const stopsTheWorldFirst = systemThat(async () => {
    if (!hasStopped) vi.advanceTimersByTime(100);
    hasStopped = true;
    return 'COMPLETED';
  });
  const measuring = openLoop(stopsTheWorldFirst, orderSources().of(), {
    ordersPerSecond: 100,
    warmUpMs: 0,
    measureMs: 100,
  });
  await vi.runAllTimersAsync();
  const { latency } = await measuring;
  // Ten were due within these 100 ms: the first waited for all of it, the last for a tenth.
  expect(latency.p50).toBeCloseTo(50, 0);
});
