import { testDatabase } from '@saga/testkit/test-database';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SagaFilter } from '../../app/saga-queries.ts';
import { LOOKED_THROUGH, pageOfSagas, pageStatement } from './page-of-sagas.ts';

const SAGAS = 200_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
const EVERYTHING = { from: FIRST_ID, upTo: LAST_ID, before: LAST_ID };
const PAGE = 51;

/**
 * Many sagas, as after some months: all but a few completed. Every 100th was undone, every 500th is open, of these every
 * other one stuck, and the very oldest alone ran on another definition.
 */
const FILL = `
  INSERT INTO saga (id, definition, definition_version, status, version, partition, state,
                    failure_code, stuck_since, stuck_code, started_at, updated_at, ended_at)
  SELECT id, CASE n WHEN 1 THEN 'ship-order' ELSE 'place-order' END, 1, status, 1, 0,
         json_build_object(
           'id', id,
           'order', json_build_object('userId', n % 1000),
           'steps', json_build_object(
             'balance', json_build_object('status', CASE status WHEN 'RUNNING' THEN 'SENT' ELSE 'SUCCEEDED' END)),
           'failure', CASE status WHEN 'COMPENSATED' THEN json_build_object('step', 'product') END),
         CASE WHEN n = 100 THEN 'DEADLINE' WHEN status = 'COMPENSATED' THEN 'OUT_OF_STOCK' END,
         CASE WHEN is_stuck THEN at END, CASE WHEN is_stuck THEN 'EXPIRED' END,
         at, at, CASE WHEN status <> 'RUNNING' THEN at END
  FROM (SELECT n, now() - ($1::int - n) * interval '1 minute' AS at FROM generate_series(1, $1::int) AS n) AS times,
       LATERAL (SELECT
         (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid
           AS id,
         CASE WHEN n % 100 = 0 THEN 'COMPENSATED' WHEN n % 500 = 5 THEN 'RUNNING' ELSE 'COMPLETED' END AS status,
         n % 1000 = 5 AS is_stuck) AS sagas`;

let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client({ connectionString: await testDatabase('orchestrator') });
  await client.connect();
  await client.query(FILL, [SAGAS]);
  await client.query('VACUUM ANALYZE saga');
});
afterAll(() => client.end());

const sql = {
  query: async <Row extends object>(statement: string, values: readonly unknown[] = []) =>
    (await client.query<Row>(statement, [...values])).rows,
};

type Plan = { 'Node Type': string; 'Index Name'?: string; 'Plan Rows': number; Plans?: Plan[] };

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** As it is run: prepared once, for whatever values come, or for these. */
async function planOf(filter: SagaFilter, mode: string): Promise<Plan[]> {
  const { statement, values } = pageStatement(filter, EVERYTHING, PAGE);
  await client.query(`SET plan_cache_mode = ${mode}`);
  await client.query(`PREPARE page AS ${statement}`);
  const literals = values.map((value) => pg.escapeLiteral(String(value))).join(', ');
  const { rows } = await client.query(`EXPLAIN (FORMAT JSON) EXECUTE page (${literals})`);
  await client.query('DEALLOCATE page');
  return nodesOf(rows[0]['QUERY PLAN'][0].Plan);
}

const filters: Record<string, [SagaFilter, string[]]> = {
  'nothing in particular': [{}, ['saga_pkey']],
  'a status that most have': [{ status: 'COMPLETED' }, ['saga_pkey']],
  'those that were undone': [{ status: 'COMPENSATED' }, ['saga_failed_idx']],
  'those that run': [{ status: 'RUNNING' }, ['saga_open_idx']],
  'those that are paused': [{ paused: true }, ['saga_open_idx']],
  'those that are stuck': [{ stuck: true }, ['saga_stuck_idx']],
  'a code': [{ code: 'DEADLINE' }, ['saga_failed_idx', 'saga_stuck_idx']],
  'a step': [{ step: 'balance' }, ['saga_open_idx', 'saga_failed_idx']],
  'those that have not moved': [{ status: 'RUNNING', updatedBefore: '2020-01-01T00:00:00Z' }, ['saga_open_idx']],
  'a definition': [{ definition: 'ship-order' }, ['saga_pkey']],
  'a user': [{ q: '7' }, ['saga_pkey']],
};

describe.each(['force_custom_plan', 'force_generic_plan'])('%s', (mode) => {
  test.each(Object.entries(filters))('%s: read along an index, newest first', async (_what, [filter, indexes]) => {
    const nodes = await planOf(filter, mode);
    expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
    expect(nodes.flatMap((node) => node['Index Name'] ?? []).sort()).toEqual([...indexes].sort());
    for (const node of nodes.filter((each) => each['Node Type'].includes('Sort')))
      expect(node['Plan Rows'], 'what is sorted are pages, not tables').toBeLessThanOrEqual(indexes.length * PAGE);
  });
});

describe('a page', () => {
  const page = (filter: SagaFilter, before?: string) => pageOfSagas(sql, filter, before, PAGE);

  test('ends after so many rows, full or not, and the next one goes on from there', async () => {
    let before: string | undefined;
    const found: unknown[] = [];
    let pages = 0;
    do {
      const { sagas, lookedUpTo } = await page({ definition: 'ship-order' }, before);
      found.push(...sagas);
      before = lookedUpTo;
      pages += 1;
    } while (before !== undefined);
    expect(found).toHaveLength(1);
    expect(pages).toBe(SAGAS / LOOKED_THROUGH + 1);
  });

  test('finds what is rare at once, however old', async () => {
    expect((await page({ code: 'DEADLINE' })).sagas).toHaveLength(1);
    expect(await page({ code: 'NEVER_HEARD_OF' })).toEqual({ sagas: [], lookedUpTo: undefined });
    expect((await page({ code: 'EXPIRED' })).sagas).toHaveLength(PAGE);
    expect((await page({ stuck: true, definition: 'ship-order' })).lookedUpTo).toBeUndefined();
  });
});
