import type { Sql } from '@saga/service-kit/database';
import type { HistoryRow, SagaCount, SagaFilter, VersionInUse } from '../../app/saga-queries.ts';
import type { Saga } from '../../saga/state.ts';

const ONE = `SELECT state FROM saga WHERE id = $1 AND status <> 'AWAITED'`;

export async function readSaga(sql: Sql, id: string): Promise<Saga | undefined> {
  const [row] = await sql.query<{ state: Saga }>(ONE, [id]);
  return row?.state;
}

/** Newest first: ids are UUIDv7, so that their order is the orders' order, and the primary key serves the pages. */
const PAGE = `
  SELECT state FROM saga
  WHERE status <> 'AWAITED'
    AND ($1::uuid IS NULL OR id < $1)
    AND ($2::text IS NULL OR status = $2)
    AND ($3::text IS NULL OR definition = $3)
    AND ($4::text IS NULL OR state -> 'failure' ->> 'step' = $4
         OR state -> 'steps' -> $4 ->> 'status' IN ('SENT', 'COMPENSATING')
         OR (stuck_since IS NOT NULL AND state -> 'steps' -> $4 ->> 'status' = 'REJECTED'))
    AND ($5::text IS NULL OR failure_code = $5 OR stuck_code = $5)
    AND ($6::boolean IS NULL OR (stuck_since IS NOT NULL) = $6)
    AND ($7::boolean IS NULL OR (state -> 'paused' IS NOT NULL) = $7)
    AND ($8::timestamptz IS NULL OR updated_at < $8)
    AND ($9::text IS NULL OR starts_with(id::text, lower($9)) OR state -> 'order' ->> 'userId' = $9)
  ORDER BY id DESC LIMIT $10`;

export async function pageOfSagas(
  sql: Sql,
  filter: SagaFilter,
  before: string | undefined,
  limit: number,
): Promise<Saga[]> {
  const { status, definition, step, code, stuck, paused, updatedBefore, q } = filter;
  const rows = await sql.query<{ state: Saga }>(
    PAGE,
    [before, status, definition, step, code, stuck, paused, updatedBefore, q, limit].map((value) => value ?? null),
  );
  return rows.map(({ state }) => state);
}

const HISTORY = `
  SELECT seq, at, message_id AS "messageId", message_type AS "messageType", incoming ->> 'actor' AS actor, effect, sent
  FROM journal WHERE saga_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`;

export const pageOfHistory = (sql: Sql, id: string, after: number, limit: number): Promise<HistoryRow[]> =>
  sql.query<HistoryRow>(HISTORY, [id, after, limit]);

const OPEN = `
  SELECT id FROM saga WHERE ended_at IS NULL AND status <> 'AWAITED' AND id BETWEEN $1 AND $2 ORDER BY id LIMIT $3`;

export async function openSagas(sql: Sql, { from, upTo }: { from: string; upTo: string }, limit: number) {
  const rows = await sql.query<{ id: string }>(OPEN, [from, upTo, limit]);
  return rows.map(({ id }) => id);
}

const COUNT = `
  SELECT definition, status, stuck_since IS NOT NULL AS stuck, count(*) AS sagas, min(started_at) AS oldest
  FROM saga WHERE status <> 'AWAITED'
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

export const countSagas = (sql: Sql): Promise<SagaCount[]> => sql.query<SagaCount>(COUNT);

const VERSIONS_IN_USE = `
  SELECT definition AS name, definition_version AS version, count(*) AS sagas, min(id::text) AS example
  FROM saga WHERE ended_at IS NULL AND status <> 'AWAITED'
  GROUP BY 1, 2 ORDER BY 1, 2`;

/** The definitions that sagas are running on right now. */
export const versionsInUse = (sql: Sql): Promise<VersionInUse[]> => sql.query<VersionInUse>(VERSIONS_IN_USE);
