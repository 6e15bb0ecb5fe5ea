import { expect, test } from 'vitest';
import { type Sample, spreadOf, summaryOf } from './summary.ts';

test('the median of an even number of runs lies between the two in the middle; the range goes with it', () => {
  expect(spreadOf([4, 1, 3])).toEqual({ median: 3, min: 1, max: 4, spread: 1, runs: 3 });
  expect(spreadOf([4, 1])).toMatchObject({ median: 2.5, runs: 2 });
  expect(spreadOf([0, 0])).toMatchObject({ median: 0, spread: 0 });
});

const sample = (run: number, figures: Record<string, number>): Sample => ({
  scenario: 'latency',
  system: 'ours',
  run,
  at: '',
  machineSpeed: { before: 1, after: 1 },
  measured: { '40/s': figures },
});

test('a figure that some runs do not have is summed up over the others', () => {
  const summary = summaryOf([sample(1, { a: 1, b: 5 }), sample(2, { a: 3 })]);
  const figures = summary.get('latency')?.get('ours')?.get('40/s');
  expect(figures?.get('a')).toMatchObject({ median: 2, runs: 2 });
  expect(figures?.get('b')).toMatchObject({ median: 5, runs: 1 });
});
