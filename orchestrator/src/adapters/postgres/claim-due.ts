import type { Sql } from '@saga/service-kit/database';
import type { ClaimedSagas } from '../../app/saga-store.ts';
import type { Instant, Saga } from '../../saga/state.ts';

const claim = (column: string, limit: string): string => `
  SELECT state, ${column} FROM saga
  WHERE ${column} <= (SELECT clock_timestamp())
    AND (definition, definition_version) IN (SELECT * FROM unnest($3::text[], $4::int[]))
  ORDER BY ${column} LIMIT ${limit} FOR UPDATE SKIP LOCKED`;

/** What waits for a silent participant is claimed beside what is due, never before it. */
const CLAIM = `
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now, state, silent,
         floor(extract(epoch FROM wake_at) * 1000)::bigint AS "dueSince"
  FROM (SELECT) AS clock
  LEFT JOIN (
    SELECT state, false AS silent, wake_at FROM (${claim('wake_at', '$1')}) AS due
    UNION ALL
    SELECT state, true AS silent, NULL AS wake_at FROM (${claim('look_at', '$2')}) AS waiting
  ) AS claimed ON true`;

type Row = { now: Instant; state: Saga | null; silent: boolean | null; dueSince: Instant | null };

/** Due by the database's clock, so that replicas with skewed clocks agree (trap 16). */
export async function claimDue(
  sql: Sql,
  known: readonly { name: string; version: number }[],
  limits: { due: number; silent: number },
): Promise<ClaimedSagas> {
  const [names, versions] = [known.map(({ name }) => name), known.map(({ version }) => version)];
  const rows = await sql.query<Row>(CLAIM, [limits.due, limits.silent, names, versions]);
  const [first] = rows;
  if (!first) throw new Error('the database did not tell the time');
  const { now } = first;
  const dueSince = Math.min(now, ...rows.map((row) => row.dueSince ?? now));
  const claimed: ClaimedSagas = { now, dueSince, due: new Map(), silent: new Map() };
  for (const { state, silent } of rows) if (state) (silent ? claimed.silent : claimed.due).set(state.id, state);
  for (const id of claimed.due.keys()) claimed.silent.delete(id);
  return claimed;
}
