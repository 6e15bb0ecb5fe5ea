import { expect, test } from 'vitest';
import { bestThroughput, goalsOf, shown } from './goals.ts';
import { type Measured, type Sample, summaryOf } from './summary.ts';

const sample = (scenario: string, system: string, measured: Measured): Sample => ({
  ...{ scenario, system, measured, run: 1, at: '' },
  machineSpeed: { before: 1, after: 1 },
});
const verdicts = (samples: readonly Sample[]) =>
  Object.fromEntries(
    goalsOf(summaryOf(samples)).map(({ figure, measured, verdict }) => [figure, `${measured} ${verdict}`]),
  );

const throughputs = [
  sample('throughput', 'ours', { '128 in flight': { 'sagas/s': 900 }, '512 in flight': { 'sagas/s': 1_000 } }),
  sample('throughput', 'dbos', { '32 in flight': { 'sagas/s': 90 }, '128 in flight': { 'sagas/s': 50 } }),
  sample('throughput', 'restate', { '32 in flight': { 'sagas/s': 101 } }),
  sample('throughput', 'floor', { '512 in flight': { 'sagas/s': 2_000 } }),
];

test('each system is compared at its own best number in flight', () => {
  expect(bestThroughput(summaryOf(throughputs), 'dbos')).toEqual({ label: '32 in flight', value: 90 });
  expect(verdicts(throughputs)).toMatchObject({
    'best throughput ÷ best peer’s': '9.9 missed',
    'best throughput ÷ floor’s': '0.5 met',
  });
});

test('a number in flight that one lucky run has come to is nobody’s best', () => {
  const runs = [1, 2, 3].map((run) => ({
    ...sample('throughput', 'dbos', { '128 in flight': { 'sagas/s': 90 } }),
    run,
  }));
  const [lucky, ...others] = runs;
  const went = { ...sample('throughput', 'dbos', { ...lucky?.measured, '512 in flight': { 'sagas/s': 99 } }), run: 1 };
  expect(bestThroughput(summaryOf([went, ...others]), 'dbos')).toEqual({ label: '128 in flight', value: 90 });
});

test('each figure is compared with the peer that is best at it', () => {
  const latencies = [
    sample('latency', 'ours', { '40/s': { 'p50 ms': 30, 'p99 ms': 60 } }),
    sample('latency', 'dbos', { '40/s': { 'p50 ms': 20, 'p99 ms': 70 } }),
    sample('latency', 'restate', { '40/s': { 'p50 ms': 40, 'p99 ms': 61 } }),
    sample('latency', 'floor', { '40/s': { 'p50 ms': 16, 'p99 ms': 25 } }),
  ];
  expect(verdicts(latencies)).toMatchObject({
    'p50 at 40/s ÷ floor’s': '1.88 met',
    'p50 at 40/s ÷ best peer’s': '1.5 missed',
    'p99 at 40/s ÷ best peer’s': '0.984 met',
  });
});

test('a goal without its figures is not measured, never met', () => {
  expect(new Set(goalsOf(summaryOf([])).map(({ verdict }) => verdict))).toEqual(new Set(['not measured']));
});

test('nothing lost meets the goal, one order misses it', () => {
  const lost = (count: number) => verdicts([sample('burst', 'ours', { burst: { lost: count } })])['burst: orders lost'];
  expect(lost(0)).toBe('0 met');
  expect(lost(1)).toBe('1 missed');
});

test('figures are shown with three digits', () => {
  expect([0, 0.01234, 12.345, 123.45, 12_345.6].map(shown)).toEqual(['0', '0.012', '12.3', '123', '12,346']);
});
