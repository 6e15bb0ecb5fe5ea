import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPool, type Database, postgresDatabase } from './database.ts';

let pool: pg.Pool;
let database: Database;
beforeAll(async () => {
  // One connection: whatever a transaction leaves behind, the next one finds.
  pool = createPool({
    url: await testDatabase('product'),
    maxConnections: 1,
    statementTimeoutMs: 30_000,
    connectTimeoutMs: 10_000,
  });
  database = postgresDatabase(pool);
  await database.query('CREATE TABLE notes (id int PRIMARY KEY, text text NOT NULL)');
});
afterAll(() => pool.end());

const INSERT = 'INSERT INTO notes (id, text) VALUES ($1, $2)';
const ids = async () => (await database.query<{ id: number }>('SELECT id FROM notes ORDER BY id')).map(({ id }) => id);

describe('a transaction', () => {
  test('commits what was sent with it, and gives the result of its work', async () => {
    const result = await database.transaction(async (sql) => {
      sql.send(INSERT, [1, 'sent']);
      return 'done';
    });
    expect(result).toBe('done');
    expect(await ids()).toEqual([1]);
  });

  test('rejects with the error of a statement that was sent, and commits nothing', async () => {
    const doubled = database.transaction(async (sql) => {
      sql.send(INSERT, [2, 'before']);
      sql.send(INSERT, [1, 'again']);
      sql.send(INSERT, [3, 'after']);
    });
    await expect(doubled).rejects.toMatchObject({ code: '23505' });
    expect(await ids()).toEqual([1]);
  });

  test('rejects with the cause, though its work failed of a later statement', async () => {
    const failing = database.transaction(async (sql) => {
      sql.send(INSERT, [1, 'again']);
      await sql.query('SELECT 1');
    });
    await expect(failing).rejects.toMatchObject({ code: '23505' });
  });

  test('never ends in a commit that silently is a rollback, though its error was swallowed (trap 15)', async () => {
    const swallowed = database.transaction(async (sql) => {
      await sql.query(INSERT, [4, 'lost']);
      await sql.query('SELECT 1 / 0').catch(() => {});
    });
    await expect(swallowed).rejects.toThrow('the transaction ended in ROLLBACK');
    expect(await ids()).toEqual([1]);
  });

  test('rolls back when its work throws, also with statements under way', async () => {
    const thrown = database.transaction(async (sql) => {
      sql.send(INSERT, [5, 'gone']);
      throw new Error('a change of mind');
    });
    await expect(thrown).rejects.toThrow('a change of mind');
    expect(await ids()).toEqual([1]);
  });

  test('takes no statement after its work has failed: it would stand though all else is rolled back', async () => {
    let late: (() => void) | undefined;
    const failed = database.transaction(async (sql) => {
      late = () => sql.send(INSERT, [7, 'late']);
      throw new Error('a change of mind');
    });
    await expect(failed).rejects.toThrow('a change of mind');
    expect(late).toThrow('after the work of its transaction had ended');
  });

  test('takes no statement after its work has ended: it would not be part of it', async () => {
    let late: (() => void) | undefined;
    await database.transaction(async (sql) => {
      late = () => sql.send(INSERT, [6, 'late']);
    });
    expect(late).toThrow('after the work of its transaction had ended');
    expect(await ids()).toEqual([1]);
  });
});
