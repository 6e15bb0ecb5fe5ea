import { expect, test } from 'vitest';
import type { Sql } from './database.ts';
import { rowsOf } from './participant.ts';

function asked() {
  const statements: unknown[] = [];
  const sql: Sql = {
    query: async (statement, values) => {
      statements.push([statement, values]);
      return [];
    },
  };
  return { sql, statements };
}

test('rows are asked for by all keys, if only one of their kinds is wanted', async () => {
  const { sql, statements } = asked();
  await rowsOf(sql, 'SELECT', [], ['b']);
  expect(statements).toEqual([['SELECT', [[], ['b']]]]);
});

test('where no row is wanted, nothing is asked', async () => {
  const { sql, statements } = asked();
  expect(await rowsOf(sql, 'SELECT', [], [])).toEqual([]);
  expect(statements).toEqual([]);
});
