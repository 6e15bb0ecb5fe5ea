import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { RunningSystem } from '../systems/system.ts';
import { closedLoop } from './closed-loop.ts';
import { orderSources } from './order-source.ts';

test('it is measured from the end of a round to the end of another, with never more in flight than was said', async () => {
  let running = 0;
  let most = 0;
  let ended = 0;
  const system: RunningSystem = {
    run: async () => {
      running += 1;
      most = Math.max(most, running);
      await pause(20);
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
  const { from, to, ended: counted } = await closedLoop(system, orderSources().of(), load, async () => ended);
  expect(from).toBeGreaterThanOrEqual(8);
  expect(counted).toBeGreaterThanOrEqual(8);
  expect(counted).toBe(to - from);
  expect(most).toBe(8);
  expect(running).toBe(0);
});
