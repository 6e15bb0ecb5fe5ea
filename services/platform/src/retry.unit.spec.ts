import { expect, test } from 'vitest';
import { pauseAfterMs } from './retry.ts';

test('the pause doubles up to the longest, and after the last attempt there is none', () => {
  const policy = { attempts: 6, firstPauseMs: 1_000, longestPauseMs: 5_000 };
  const pauses = [1, 2, 3, 4, 5, 6].map((attempts) => pauseAfterMs(attempts, policy));
  expect(pauses).toEqual([1_000, 2_000, 4_000, 5_000, 5_000, undefined]);
});
