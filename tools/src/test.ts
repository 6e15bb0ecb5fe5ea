import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Everything that must hold, the quick ones first: types, style, unused code, then the tests by layer. Ends with the
 * line `N passed, N failed`; each check that is not a test file counts as one.
 */
type Count = { passed: number; failed: number };

const check = (name: string, command: readonly string[]): Count => {
  const passed = run(name, command);
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1 };
};

function run(name: string, [command = '', ...args]: readonly string[]): boolean {
  console.log(`\n── ${name}`);
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) console.error(error.message);
  return status === 0;
}

/** A layer of tests, counted by vitest itself. A run that ends badly although no test failed counts as one failure. */
function layer(project: string): Count {
  const folder = mkdtempSync(join(tmpdir(), 'saga-test-'));
  const report = join(folder, 'report.json');
  const passed = run(`${project} tests`, [
    'vitest',
    'run',
    `--project=${project}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]);
  const count = countOf(report);
  rmSync(folder, { recursive: true });
  return !passed && count.failed === 0 ? { ...count, failed: 1 } : count;
}

function countOf(report: string): Count {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8')) as {
      numPassedTests: number;
      numFailedTests: number;
    };
    return { passed: numPassedTests, failed: numFailedTests };
  } catch {
    return { passed: 0, failed: 1 }; // it did not even get as far as a report
  }
}

const counts = [
  check('database clients', ['node', 'tools/src/generate.ts']),
  check('types', ['tsc', '-p', '.']),
  check('format, style and import boundaries', ['biome', 'ci', '--error-on-warnings', '.']),
  check('unused code', ['knip']),
  check('duplicate code', ['jscpd']),
  layer('unit'),
  layer('int'),
  layer('e2e'),
];
const total = counts.reduce((sum, { passed, failed }) => ({
  passed: sum.passed + passed,
  failed: sum.failed + failed,
}));
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed === 0 ? 0 : 1;
