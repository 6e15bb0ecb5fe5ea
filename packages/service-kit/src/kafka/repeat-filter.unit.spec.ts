import { expect, test } from 'vitest';
import { repeatFilter } from './repeat-filter.ts';

test('a line is said once in half a minute, however often it comes', () => {
  let seconds = 0;
  const isRepeated = repeatFilter(() => seconds * 1_000);
  const said: number[] = [];
  for (; seconds < 65; seconds += 5) if (!isRepeated('away')) said.push(seconds);
  expect(said).toEqual([0, 30, 60]);
});

test('lines are told apart', () => {
  const isRepeated = repeatFilter(() => 0);
  expect(['a', 'b', 'a'].map(isRepeated)).toEqual([false, false, true]);
});
