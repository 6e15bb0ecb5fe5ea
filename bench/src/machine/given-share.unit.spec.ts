import { expect, test } from 'vitest';
import { givenShare, ticksIn } from './given-share.ts';

const STAT = `cpu  348913 7 42468 238304 9941 3 6420 79364 11 0
cpu0 170000 3 21000 119000 5000 1 3000 40000 5 0
`;

test('what was used and what was stolen stand in the first line of /proc/stat', () => {
  expect(ticksIn(STAT)).toEqual({ used: 348_913 + 7 + 42_468 + 3 + 6_420, stolen: 79_364 });
});

test('the share is that of what was asked for, however much was idle', () => {
  expect(givenShare({ used: 100, stolen: 50 }, { used: 175, stolen: 75 })).toBe(0.75);
  expect(givenShare({ used: 100, stolen: 50 }, { used: 100, stolen: 50 })).toBe(1);
});
