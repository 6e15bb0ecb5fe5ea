import { testDatabase } from '@saga/testkit/test-database';
import pg from 'pg';
import { expect, test } from 'vitest';
import { documentsIn, jsonSequence } from './json-sequence.ts';

test('PostgreSQL reads the same documents, in their order, whatever stands in them', async () => {
  const documents = [
    { text: 'a "quote", a \\ and a line\nbreak' },
    null,
    'null',
    { separator: '\u001e', escape: '\u001b' },
    ['{', '}', ',', 'ü', '😀'],
    2 ** 53 - 1,
    undefined,
  ];
  const url = await testDatabase('product');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query(
    `SELECT document::json AS document, document IS NULL AS "isNull" FROM ${documentsIn('$1')} AS document`,
    [jsonSequence(documents)],
  );
  await client.end();
  expect(rows.map(({ document }) => document)).toEqual(documents.map((document) => document ?? null));
  expect(rows.map(({ isNull }) => isNull)).toEqual([false, true, false, false, false, false, true]);
});
