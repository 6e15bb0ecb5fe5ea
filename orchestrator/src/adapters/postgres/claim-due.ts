import type { Sql } from '@saga/service-kit/database';
import type { Instant, Saga } from '../../saga/state.ts';

const CLAIM = `
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now, saga.state
  FROM (SELECT) AS clock
  LEFT JOIN (
    SELECT state FROM saga
    WHERE wake_at <= (SELECT clock_timestamp())
      AND (definition, definition_version) IN (SELECT * FROM unnest($2::text[], $3::int[]))
    ORDER BY wake_at LIMIT $1 FOR UPDATE SKIP LOCKED
  ) AS saga ON true`;

/** Due by the database's clock, so that replicas with skewed clocks agree (trap 16). */
export async function claimDue(
  sql: Sql,
  known: readonly { name: string; version: number }[],
  limit: number,
): Promise<{ now: Instant; sagas: Map<string, Saga> }> {
  const rows = await sql.query<{ now: Instant; state: Saga | null }>(CLAIM, [
    limit,
    known.map(({ name }) => name),
    known.map(({ version }) => version),
  ]);
  const [first] = rows;
  if (!first) throw new Error('the database did not tell the time');
  return { now: first.now, sagas: new Map(rows.flatMap(({ state }) => (state ? [[state.id, state]] : []))) };
}
