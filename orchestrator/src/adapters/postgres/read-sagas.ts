import type { Sql } from '@saga/service-kit/database';
import type { HistoryRow, StoredSaga, VersionInUse } from '../../app/saga-queries.ts';

/** The columns of a {@link StoredSaga}. */
export const STORED_SAGA = `
  state AS saga, floor(extract(epoch FROM wake_at) * 1000)::bigint AS "wakeAt",
  floor(extract(epoch FROM look_at) * 1000)::bigint AS "lookAt"`;

const ONE = `SELECT ${STORED_SAGA} FROM saga WHERE id = $1 AND status <> 'AWAITED'`;

export async function readSaga(sql: Sql, id: string): Promise<StoredSaga | undefined> {
  const [stored] = await sql.query<StoredSaga>(ONE, [id]);
  return stored;
}

const HISTORY = `
  SELECT seq, at, message_id AS "messageId", message_type AS "messageType", incoming ->> 'actor' AS actor,
         incoming ->> 'reason' AS reason, effect, sent
  FROM journal WHERE saga_id = $1 AND seq > $2 ORDER BY seq LIMIT $3`;

export const pageOfHistory = (sql: Sql, id: string, after: number, limit: number): Promise<HistoryRow[]> =>
  sql.query<HistoryRow>(HISTORY, [id, after, limit]);

export const ENDED_SAGAS = `
  SELECT id FROM saga WHERE ended_at IS NOT NULL AND id BETWEEN $1 AND $2 ORDER BY id LIMIT $3`;

export async function endedSagas(sql: Sql, { from, upTo }: { from: string; upTo: string }, limit: number) {
  const rows = await sql.query<{ id: string }>(ENDED_SAGAS, [from, upTo, limit]);
  return rows.map(({ id }) => id);
}

const VERSIONS_IN_USE = `
  SELECT definition AS name, definition_version AS version, count(*) AS sagas, min(id::text) AS example
  FROM saga WHERE ended_at IS NULL AND status <> 'AWAITED'
  GROUP BY 1, 2 ORDER BY 1, 2`;

/** The definitions that sagas are running on right now. */
export const versionsInUse = (sql: Sql): Promise<VersionInUse[]> => sql.query<VersionInUse>(VERSIONS_IN_USE);
