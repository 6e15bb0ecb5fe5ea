import { expect, test } from 'vitest';
import { fairTurns } from './fair-turns.ts';

test('what was served last is asked for last, all else as it stands', () => {
  const positions = [0, 1, 2, 3].map((partition) => ({ partition }));
  const [first, second, third] = positions;
  const turns = fairTurns<{ partition: number }>();
  const order = () => turns.inTurn(positions).map(({ partition }) => partition);
  expect(order()).toEqual([0, 1, 2, 3]);
  if (first && second) turns.served([first, second]);
  expect(order()).toEqual([2, 3, 0, 1]);
  if (third) turns.served([third]);
  expect(order()).toEqual([3, 0, 1, 2]);
});
