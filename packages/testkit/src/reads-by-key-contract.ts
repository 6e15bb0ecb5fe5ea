import type { Database, Sql } from '@saga/service-kit/database';
import { expect, test } from 'vitest';
import { type ParticipantUnderTest, replicaOf } from './participant-contract.ts';

/** When autovacuum first looks at the tables, and plans are made anew. */
const FIRST_LOOK = 20;
const OTHERS = 60;
/** An order's own rows in some tables, each read by a handful of statements. */
const A_FEW = 30;

const ROWS_READ = 'SELECT sum(seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_xact_user_tables';

/** What is done again and again on the tables of a PostgreSQL that is empty at first. */
export type Work = {
  database: Database;
  /** So many others, each on rows of its own. */
  others(count: number): Promise<unknown>;
  /** By transactions of this database, which is `database` watched. */
  one(database: Database): Promise<unknown>;
};

/** What one costs does not grow with the tables, though its statements were planned while these were small. */
export async function expectReadsByKey({ database, others, one }: Work): Promise<void> {
  await others(FIRST_LOOK);
  await database.query('ANALYZE');
  await one(database);
  await others(OTHERS);
  const read: number[] = [];
  await one(countingRowsRead(database, read));
  expect(read).not.toEqual([]);
  expect(Math.max(...read)).toBeLessThan(A_FEW);
}

/** Its tables are empty but for what was made for the tests: it comes first in a specification. */
export function readsByKeyContract<Tables>(setUp: () => Promise<ParticipantUnderTest<Tables>>): void {
  test('a message costs the rows that it names, however many others there are', async () => {
    const { participant, database, arrange } = await setUp();
    await expectReadsByKey({
      database,
      others: async (count) => {
        const actions = [];
        for (let other = 0; other < count; other += 1) actions.push((await arrange()).action);
        await replicaOf(participant, database).handle(...actions);
      },
      one: async (watched) => {
        const { action, undo } = await arrange();
        await replicaOf(participant, watched).handle(action);
        await replicaOf(participant, watched).handle(undo);
      },
    });
  });
}

function countingRowsRead(database: Database, read: number[]): Database {
  const rowsRead = async (sql: Sql) => (await sql.query<{ rows: number }>(ROWS_READ))[0]?.rows ?? Number.NaN;
  return {
    ...database,
    transaction: (work) =>
      database.transaction(async (sql) => {
        const before = await rowsRead(sql);
        const result = await work(sql);
        read.push((await rowsRead(sql)) - before);
        return result;
      }),
  };
}
