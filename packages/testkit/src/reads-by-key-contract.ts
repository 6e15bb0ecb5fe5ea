import type { Database, Sql } from '@saga/service-kit/database';
import { expect, test } from 'vitest';
import { type ParticipantUnderTest, replicaOf } from './participant-contract.ts';

/** As soon as so many rows are new, autovacuum looks at a table, and plans are made anew. */
const FIRST_LOOK = 50;
const OTHERS = 130;
/** An order's own rows in some tables, each read by a handful of statements. */
const A_FEW = 40;

const ROWS_READ = 'SELECT sum(seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_xact_user_tables';

/**
 * On PostgreSQL: what a message costs does not grow with the tables, though plans are made while these are small. So it
 * comes first in a specification.
 */
export function readsByKeyContract<Tables>(setUp: () => Promise<ParticipantUnderTest<Tables>>): void {
  test('reads the rows that a message names, and no others, however many there are', async () => {
    const { participant, database, arrange } = await setUp();
    const handleMany = async (count: number) => {
      const actions = [];
      for (let other = 0; other < count; other += 1) actions.push((await arrange()).action);
      await replicaOf(participant, database).handle(...actions);
    };
    await handleMany(FIRST_LOOK);
    await database.query('ANALYZE');
    const planned = await arrange();
    await replicaOf(participant, database).handle(planned.action, planned.undo);
    await handleMany(OTHERS);
    const { action, undo } = await arrange();
    const read: number[] = [];
    const replica = replicaOf(participant, countingRowsRead(database, read));
    await replica.handle(action);
    await replica.handle(undo);
    expect(read).toHaveLength(2);
    expect(Math.max(...read)).toBeLessThan(A_FEW);
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
