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

const TRAPS = 30;
const reliability = readFileSync(path.join(root, 'docs/reliability.md'), 'utf8');

test.each(Array.from({ length: TRAPS }, (_, index) => index + 1))(
  'trap %d is named by each test that it is said to have',
  (trap) => {
    const row = new RegExp(`^\\| ${trap} \\|.*$`, 'm').exec(reliability)?.[0] ?? '';
    const tests = [...row.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map(([, file = '']) => file);
    expect(tests).not.toEqual([]);
    const named = new RegExp(`'[^'\\n]*\\btrap ${trap}\\b[^'\\n]*'`);
    expect(tests.filter((file) => !named.test(readFileSync(path.join(root, file), 'utf8')))).toEqual([]);
  },
);

test('the operations manual says what to do about every kind of dead letter', () => {
  const manual = readFileSync(path.join(root, 'docs/operations.md'), 'utf8');
  const codes = readFileSync(path.join(root, 'packages/messages/src/codec.ts'), 'utf8').match(
    /(?<=^ {2}\| ')[A-Z_]+(?=')/gm,
  );
  expect(codes?.length).toBeGreaterThan(0);
  expect(codes?.filter((code) => !manual.includes(`\`${code}\``))).toEqual([]);
});
