import { expect, test } from 'vitest';
import { type CpuProfile, selfTimesOf } from './cpu-profile.ts';

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });
const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(idle)') },
    { id: 2, callFrame: frame('decode', 'file:///home/me/saga/packages/messages/src/codec.ts', 89) },
    { id: 3, callFrame: frame('', 'file:///home/me/saga/node_modules/.pnpm/pg@8/node_modules/pg/lib/client.js', 9) },
    { id: 5, callFrame: frame('decode', 'file:///home/me/saga/packages/messages/src/codec.ts', 89) },
  ],
  samples: [1, 2, 3, 5],
  timeDeltas: [9_000, 1_000, 1_500, 1_000],
};

test('a function’s own time is summed up over all ways that lead to it, without the time at rest', () => {
  expect(selfTimesOf([profile, profile])).toEqual([
    { where: 'decode packages/messages/src/codec.ts:90', milliseconds: 4 },
    { where: '(anonymous) pg/lib/client.js:10', milliseconds: 3 },
  ]);
});
