import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openResults } from './results.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'bench-results-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const sample = (run: number, speed: number, givenShare = 1) => ({
  ...{ scenario: 'throughput', system: 'ours', run, at: '' },
  machineSpeed: { before: speed, after: 100 },
  givenShare,
  measured: { label: { figure: run } },
});

test('what was measured before the machine was seen to give more than twice as much is measured again', () => {
  const results = openResults(folder, false);
  results.shareOf(40);
  results.add(sample(1, 40));
  expect(results.has('throughput', 'ours', 1)).toBe(true);
  expect(results.shareOf(100)).toBe(1);
  expect(openResults(folder, false).has('throughput', 'ours', 1)).toBe(false);
});

test('what was disturbed counts only where there is nothing better of the same system', () => {
  const results = openResults(folder, false);
  results.shareOf(100);
  results.add(sample(1, 40));
  expect(results.counting()).toMatchObject({ samples: [{ run: 1 }], disturbed: 1 });
  results.add(sample(2, 60));
  results.add(sample(3, 100, 0.4));
  expect(results.counting()).toMatchObject({ samples: [{ run: 2 }], disturbed: 0 });
});

test('what is begun anew has forgotten all that was measured', () => {
  openResults(folder, false).add(sample(1, 100));
  expect(openResults(folder, true).counting().samples).toEqual([]);
});
