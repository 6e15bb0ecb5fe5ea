import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FollowedPage, followPage } from './followed-page.fixture.ts';

/** Compilers and test runners in processes of their own: seconds, on a machine ten times slower minutes. */
const LIMIT_MS = 5 * 60_000;

describe('docs/how-to/add-a-step.md, followed to the letter', { timeout: LIMIT_MS }, () => {
  let copy: FollowedPage;
  beforeAll(async () => {
    copy = await followPage(path.join(import.meta.dirname, 'add-a-step.md'));
    await copy.run('node', 'tools/src/generate.ts');
  }, LIMIT_MS);
  afterAll(() => copy?.remove());

  test('leaves nothing else to be changed: everything still fits together', async () => {
    await copy.run('tsc', '-p', '.');
  });

  test('is written as everything here is, and keeps the import boundaries', async () => {
    await copy.run('biome', 'check', '--error-on-warnings', ...copy.files);
  });

  test('makes a saga that awards points and completes, or takes them back and is undone', async () => {
    const specs = copy.files.filter((file) => file.endsWith('.unit.spec.ts'));
    expect(specs).not.toEqual([]);
    await copy.run('vitest', 'run', '--project=unit', ...specs);
  });
});
