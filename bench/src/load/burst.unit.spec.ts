import { expect, test } from 'vitest';
import { drained } from './burst.ts';

test('an order that never ends is lost, and is waited for no longer than was said', async () => {
  const never = new Promise<never>(() => undefined);
  const ends = [Promise.resolve('COMPLETED' as const), Promise.resolve('CANCELLED' as const), never];
  expect(await drained(ends, 10)).toEqual({ lost: 1, cancelled: 1 });
});
