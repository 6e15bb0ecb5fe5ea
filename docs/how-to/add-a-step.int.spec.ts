import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FollowedPage, followPage } from './followed-page.fixture.ts';

let copy: FollowedPage;
beforeAll(async () => {
  copy = await followPage(path.join(import.meta.dirname, 'add-a-step.md'));
  await copy.run('node', 'tools/src/generate.ts');
  await copy.run('node', 'tools/src/new-migration.ts', 'loyalty', 'init');
});
afterAll(() => copy?.remove());

test('the service of docs/how-to/add-a-step.md keeps what every participant promises', async () => {
  const specs = copy.files.filter((file) => file.endsWith('.int.spec.ts'));
  expect(specs).not.toEqual([]);
  await copy.run('vitest', 'run', '--project=int', ...specs);
});
