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

test('it is measured from the end of a round to the end of another, with never more in flight than was said', async () => {
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
  const load = { inFlight: 8, warmUpMs: 0, measureMs: 1 };
  const measured = closedLoop(system, orderSources().of(), load, async () => ended);
  await vi.runAllTimersAsync();
  const { from, to, ended: counted, endedBetween, latency } = await measured;
  expect(from).toBe(8);
  expect(counted).toBe(8);
  expect(endedBetween).toBe(to - from);
  expect(latency.p50).toBeCloseTo(120, 0);
  expect(most).toBe(8);
  expect(running).toBe(0);
});
