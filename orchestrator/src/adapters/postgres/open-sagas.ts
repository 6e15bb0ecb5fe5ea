import type { Sql } from '@saga/service-kit/database';
import type { OpenSagas, SagaCount, TimersLate, WaitCount } from '../../app/saga-queries.ts';

/** So many open sagas are counted at most, the oldest. */
const COUNTED = 100_000;

const COUNT = `
  SELECT definition, status, stuck_code AS "stuckCode", count(*) AS sagas, min(started_at) AS oldest
  FROM (
    SELECT definition, status, stuck_code, started_at FROM saga
    WHERE ended_at IS NULL AND status <> 'AWAITED' ORDER BY id LIMIT $1
  ) AS open
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

/** Of a saga that goes forward its actions are waited for, of one that goes back its compensations: with a next time. */
const WAITS = `
  SELECT json_build_object('name', definition, 'version', definition_version) AS definition, step, operation,
         count(*) AS sagas,
         count(*) FILTER (WHERE command -> 'silentSince' IS NOT NULL) AS silent,
         min((command ->> 'silentSince')::bigint) AS "silentSince",
         min((command ->> 'firstSentAt')::bigint) AS "waitingSince"
  FROM (
    SELECT definition, definition_version, step.name AS step, operation, run -> operation AS command
    FROM (
      SELECT definition, definition_version, state,
             CASE status WHEN 'RUNNING' THEN 'action' ELSE 'compensation' END AS operation
      FROM saga WHERE ended_at IS NULL AND status <> 'AWAITED' ORDER BY id LIMIT $1
    ) AS open, json_each(state -> 'steps') AS step (name, body), json_array_elements(step.body -> 'runs') AS run
  ) AS sent
  WHERE command -> 'next' IS NOT NULL
  GROUP BY definition, definition_version, step, operation`;

const PROGRESS = `
  SELECT command_topic AS topic, max(answered_up_to) AS "answeredUpTo", sum(probes)::int AS probes
  FROM topic_progress GROUP BY 1`;

/** Along the index of the open ones, never over all sagas; into whose state it looks is what it costs. */
export async function readOpenSagas(sql: Sql, lookInto: number): Promise<OpenSagas> {
  const [counts, waits, progress] = await Promise.all([
    sql.query<SagaCount>(COUNT, [COUNTED]),
    sql.query<WaitCount>(WAITS, [lookInto]),
    sql.query<OpenSagas['progress'][number]>(PROGRESS),
  ]);
  const open = counts.reduce((sum, { sagas }) => sum + sagas, 0);
  return { counts, waits, progress, isComplete: open < lookInto };
}

const lateMs = (column: string): string =>
  `greatest(0, extract(epoch FROM clock_timestamp() - min(${column})) * 1000)::float8`;

const TIMERS_LATE = `SELECT ${lateMs('wake_at')} AS "dueMs", ${lateMs('look_at')} AS "looksMs" FROM saga`;

/** One look at each of the two indexes of wake-ups. */
export async function timersLate(sql: Sql): Promise<TimersLate> {
  const [row] = await sql.query<TimersLate>(TIMERS_LATE);
  return row ?? { dueMs: 0, looksMs: 0 };
}
