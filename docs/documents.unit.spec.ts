import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: root })];

/** Links into the repository, without the place on the page. */
const linksOf = (document: string): string[] =>
  [...readFileSync(path.join(root, document), 'utf8').matchAll(/\]\((?!\w+:)([^)#]+)/g)].map(([, link = '']) => link);

test.each(documents)('%s links to what there is', (document) => {
  const missing = linksOf(document).filter((link) => !existsSync(path.join(root, path.dirname(document), link)));
  expect(missing).toEqual([]);
});
