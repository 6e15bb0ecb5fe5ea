import type { Sql } from '@saga/service-kit/database';
import type { AwaitedSaga, Instant, Saga } from '../../saga/state.ts';

/** The clock stands in a row of its own, so that it is there when no saga is. */
const LOAD = `
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now, saga.state
  FROM (SELECT) AS clock
  LEFT JOIN (SELECT state FROM saga WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE) AS saga ON true`;

/** Locked in id order (trap 13). */
export async function loadSagas(
  sql: Sql,
  ids: readonly string[],
): Promise<{ now: Instant; sagas: Map<string, Saga | AwaitedSaga> }> {
  const rows = await sql.query<{ now: Instant; state: Saga | AwaitedSaga | null }>(LOAD, [[...new Set(ids)]]);
  const [first] = rows;
  if (!first) throw new Error('the database did not tell the time');
  return { now: first.now, sagas: new Map(rows.flatMap(({ state }) => (state ? [[state.id, state]] : []))) };
}
