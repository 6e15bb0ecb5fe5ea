import type { Sql } from '@saga/service-kit/database';
import { firstIdDaysAgo } from '@saga/service-kit/first-id';
import type { SagaBooks } from '../../app/reconciliation/reconcile.ts';
import type { Instant, Saga } from '../../saga/state.ts';

const FIRST = `SELECT ${firstIdDaysAgo('$1::int')} AS id`;

/** The clock stands in a row of its own, so that it is there when no saga is. */
const AFTER = `
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now, saga.state
  FROM (SELECT) AS clock
  LEFT JOIN (
    SELECT state FROM saga WHERE id > $1 AND status <> 'AWAITED' ORDER BY id LIMIT $2
  ) AS saga ON true`;

const SOME = `SELECT state FROM saga WHERE id = ANY($1::uuid[]) AND status <> 'AWAITED'`;

export const postgresSagaBooks = (sql: Sql): SagaBooks => ({
  first: async (days) => {
    const [row] = await sql.query<{ id: string }>(FIRST, [days]);
    if (!row) throw new Error('the database did not tell the time');
    return row.id;
  },
  after: async (id, limit) => {
    const rows = await sql.query<{ now: Instant; state: Saga | null }>(AFTER, [id, limit]);
    const [first] = rows;
    if (!first) throw new Error('the database did not tell the time');
    return { now: first.now, sagas: rows.flatMap(({ state }) => state ?? []) };
  },
  some: async (ids) => (await sql.query<{ state: Saga }>(SOME, [ids])).map(({ state }) => state),
});
