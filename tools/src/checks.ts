import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of tests, or of checks that are none. */
export type Count = { passed: number; failed: number };

/** Runs a command under a headline; it passes or fails as a whole. */
export const check = (name: string, command: readonly string[]): Count => {
  const passed = run(name, command);
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1 };
};

function run(name: string, [command = '', ...args]: readonly string[], env?: NodeJS.ProcessEnv): boolean {
  console.log(`\n── ${name}`);
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  if (error) console.error(error.message);
  return status === 0;
}

export type TestsOptions = {
  name: string;
  /** Of vitest's projects. */
  project: string;
  /** Only the files whose path contains one of these. */
  files?: readonly string[];
  env?: NodeJS.ProcessEnv;
};

/** Tests, counted by vitest itself. A run that ends badly although no test failed counts as one failure. */
export function tests({ name, project, files = [], env }: TestsOptions): Count {
  const folder = mkdtempSync(join(tmpdir(), 'saga-test-'));
  const report = join(folder, 'report.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const passed = run(name, ['vitest', 'run', `--project=${project}`, ...reporters, ...files], env);
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

/** The last line, `N passed, N failed`, and the exit code. */
export function conclude(counts: readonly Count[]): void {
  const sum = (of: keyof Count) => counts.reduce((total, count) => total + count[of], 0);
  console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
  process.exitCode = sum('failed') === 0 ? 0 : 1;
}
