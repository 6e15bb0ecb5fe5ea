import { expect, test } from 'vitest';
import { regressionsOf } from './regressions.ts';

const LIMITS = { leastShareOfFloor: 0.4, mostTimesFloorP50: 3 };
const floor = { sagasPerSecond: 1_000, p50Ms: 20, p99Ms: 40 };

test('what is within its share of the floor is no regression, however slow the machine', () => {
  expect(regressionsOf({ sagasPerSecond: 400, p50Ms: 60, p99Ms: 900 }, floor, LIMITS)).toEqual([]);
  const slow = { sagasPerSecond: 10, p50Ms: 2_000, p99Ms: 4_000 };
  expect(regressionsOf({ sagasPerSecond: 5, p50Ms: 5_000, p99Ms: 9_000 }, slow, LIMITS)).toEqual([]);
});

test('less of the floor’s throughput and more of its latency than allowed are told apart', () => {
  expect(regressionsOf({ sagasPerSecond: 399, p50Ms: 61, p99Ms: 61 }, floor, LIMITS)).toEqual([
    "throughput is 0.399 of the floor's: it must be at least 0.4",
    "the median latency is 3.05 × the floor's: it may be 3 × at most",
  ]);
});
