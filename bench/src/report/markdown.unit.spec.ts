import { expect, test } from 'vitest';
import { markdownOf } from './markdown.ts';
import { type Sample, summaryOf } from './summary.ts';

test('what each process of ours takes is told for the best number in flight', () => {
  const sample = (run: number, cpu: number): Sample => ({
    ...{ scenario: 'throughput', system: 'ours', run, at: '' },
    machineSpeed: { before: 1, after: 1 },
    measured: {
      '32 in flight': { 'sagas/s': 100, 'cpu ms/saga': 9, 'cpu ms/saga order': 9, 'memory MB order': 90 },
      '128 in flight': { 'sagas/s': 300, 'cpu ms/saga': cpu, 'cpu ms/saga order': cpu, 'memory MB order': 120 },
    },
  });
  const samples = [sample(1, 1), sample(2, 2), sample(3, 4)];
  const markdown = markdownOf({
    ...{ title: 'Measured', samples, disturbed: 0, summary: summaryOf(samples), goals: [], notes: [] },
  });
  expect(markdown).toContain(
    [
      '### processes of ours, 128 in flight',
      '',
      '| process | cpu ms/saga | memory MB |',
      '| --- | --- | --- |',
      '| order | 2 (1–4) | 120 (120–120) |',
    ].join('\n'),
  );
});

test('how much of the machine there was is told, where it is known', () => {
  const sample = (run: number, givenShare?: number): Sample => ({
    ...{ scenario: 'hot', system: 'ours', run, at: '', givenShare },
    ...{ machineSpeed: { before: 1, after: 1 }, measured: {} },
  });
  const markdownWith = (samples: Sample[]) =>
    markdownOf({ title: 'Measured', samples, disturbed: 0, summary: summaryOf(samples), goals: [], notes: [] });
  expect(markdownWith([sample(1, 0.9), sample(2, 0.8), sample(3, 0.6)])).toContain(
    'During the visits the machine got 80 % (60–90 %) of the processor time that it asked for.',
  );
  expect(markdownWith([sample(1), sample(2, 0.8)])).toContain('During 1 of the 2 visits the machine got 80 %');
  expect(markdownWith([sample(1)])).not.toContain('processor time');
});
