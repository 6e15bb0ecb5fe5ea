import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { RunningSystem } from '../systems/system.ts';
import { closedLoop } from './closed-loop.ts';
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

test('the rate is what is in flight per latency, also where rounds end within what is measured; never more are in flight', async () => {
  let running = 0;
  let most = 0;
  let ended = 0;
  const system: RunningSystem = {
    run: async () => {
      running += 1;
      most = Math.max(most, running);
      await pause(120);
      running -= 1;
      ended += 1;
      return 'COMPLETED';
    },
    pids: () => ({}),
    profiled: [],
    databases: [],
    messages: async () => 0,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const load = { inFlight: 8, warmUpMs: 0, measureMs: 300 };
  const measured = closedLoop(system, orderSources().of(), load, async () => ended);
  await vi.runAllTimersAsync();
  const { from, to, perSecond, orders, latency } = await measured;
  expect(from).toBe(8);
  expect(to).toBe(24);
  expect(perSecond).toBeCloseTo(8 / 0.12, 1);
  expect(orders).toBeCloseTo(perSecond * 0.3, 1);
  expect(latency.p50).toBeCloseTo(120, 0);
  expect(most).toBe(8);
  expect(running).toBe(0);
});
