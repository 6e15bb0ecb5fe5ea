import { createPool, type Database, postgresDatabase } from '@saga/service-kit/database';
import { testDatabase } from '@saga/testkit/test-database';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { claimDue } from './claim-due.ts';

const KNOWN = [
  { name: 'ship-order', version: 1 },
  { name: 'place-order', version: 1 },
];
const CHUNK = { due: 200, silent: 50 };

let pool: pg.Pool;
let database: Database;
beforeAll(async () => {
  const url = await testDatabase('orchestrator');
  pool = createPool({ url, maxConnections: 2, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 });
  database = postgresDatabase(pool);
});
afterAll(() => pool.end());
beforeEach(() => database.query('TRUNCATE saga'));

const INSERT = `
  INSERT INTO saga (id, definition, definition_version, status, version, partition, state,
                    wake_at, look_at, started_at, updated_at)
  SELECT id, 'ship-order', $1::int, 'RUNNING', 1, 0, json_build_object('id', id),
         now() + $2::int * interval '1 second', now() + $2::int * interval '1 second', now(), now()
  FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, $3::int)) AS made
  RETURNING id`;

/** Sagas of ship-order that are due, and to be looked at, so many seconds from now: in the past, when negative. */
async function sagas(count: number, version: number, dueInSeconds: number): Promise<string[]> {
  const rows = await database.query<{ id: string }>(INSERT, [version, dueInSeconds, count]);
  return rows.map(({ id }) => id);
}

test('sagas of a version that is not known here never stand in the way of those that are, however many (trap 30)', async () => {
  await sagas(300, 2, -60);
  const known = await sagas(3, 1, -1);
  const { due } = await claimDue(database, KNOWN, CHUNK);
  expect([...due.keys()].toSorted()).toEqual(known.toSorted());
});

test('what is due is found by its index: what is not due is not looked at', async () => {
  await sagas(5_000, 1, 3_600);
  await sagas(5, 1, -1);
  await database.query('ANALYZE saga');
  const plan: string[] = [];
  await database.transaction((sql) =>
    claimDue(
      {
        query: async (statement, values = []) => {
          await sql.query(`PREPARE claim AS ${statement}`);
          const literals = values.map((value) => `'${Array.isArray(value) ? `{${value.join(',')}}` : value}'`);
          const lines = await sql.query<{ 'QUERY PLAN': string }>(`EXPLAIN EXECUTE claim (${literals.join(', ')})`);
          plan.push(...lines.map((line) => line['QUERY PLAN'].trim()));
          return sql.query(statement, values);
        },
      },
      KNOWN,
      CHUNK,
    ),
  );
  for (const column of ['wake_at', 'look_at']) {
    const scan = plan.findIndex((line) => line.includes(`Index Scan using saga_${column}_idx`));
    expect(plan[scan + 1], plan.join('\n')).toMatch(new RegExp(`^Index Cond: \\(${column} <= `));
  }
});
