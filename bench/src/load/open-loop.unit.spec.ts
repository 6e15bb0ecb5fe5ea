import { expect, test } from 'vitest';
import type { RunningSystem } from '../systems/system.ts';
import { openLoop } from './open-loop.ts';
import { orderSources } from './order-source.ts';

/** A system that answers nobody until it is released: what a pause of its process looks like from outside. */
function standingStill(): { system: RunningSystem; placed: () => number; release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let placed = 0;
  const system: RunningSystem = {
    run: async () => {
      placed += 1;
      await promise;
      return 'COMPLETED';
    },
    pids: () => ({}),
    databases: [],
    messages: async () => 0,
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { system, placed: () => placed, release: resolve };
}

test('orders come at their rate though the system stands still, and all who were due meanwhile have waited', async () => {
  const { system, placed, release } = standingStill();
  const measuring = openLoop(system, orderSources().of(), { ordersPerSecond: 100, warmUpMs: 0, measureMs: 200 });
  await expect.poll(placed).toBe(20);
  release();
  const { ended, latency } = await measuring;
  expect(ended).toBe(20);
  // The first was due 190 ms before the last, and none ended before that one was placed.
  expect(latency.max).toBeGreaterThanOrEqual(190);
});
