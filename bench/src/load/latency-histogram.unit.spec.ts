import { expect, test } from 'vitest';
import { latencyHistogram } from './latency-histogram.ts';

test('percentiles are in milliseconds, exact to three digits', () => {
  const histogram = latencyHistogram();
  for (let ms = 1; ms <= 1_000; ms += 1) histogram.record(ms);
  const { p50, p90, p99, p999, max } = histogram.percentiles();
  expect(histogram.count).toBe(1_000);
  for (const [measured, exact] of [
    [p50, 500],
    [p90, 900],
    [p99, 990],
    [p999, 999],
    [max, 1_000],
  ] as const)
    expect(Math.abs(measured / exact - 1)).toBeLessThan(0.002);
});

test('what takes less than the smallest step is counted, too', () => {
  const histogram = latencyHistogram();
  histogram.record(0);
  expect(histogram.count).toBe(1);
});
