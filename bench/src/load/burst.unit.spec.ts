import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { drained } from './burst.ts';
import { orderSources } from './order-source.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('an order that never ends is lost, and is waited for no longer than was said', async () => {
  const never = new Promise<never>(() => undefined);
  const ends = [Promise.resolve('COMPLETED' as const), never];
  const draining = drained(ends, orderSources().of(), 1_000);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await draining).toBe(1);
});
