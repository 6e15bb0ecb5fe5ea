import type { Sql } from '@saga/service-kit/database';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterKind,
  OpenDeadLetters,
  OpenOnTopic,
} from '../../app/dead-letters.ts';

const COLUMNS = `
  letter.id, seq, service, topic, letter.partition, "offset", key, headers, is_whole AS "isWhole", code, message,
  failed_at AS "failedAt", saga_id AS "sagaId", message_id AS "messageId", letter.status,
  decided_at AS "decidedAt", decided_by AS "decidedBy", decided_because AS "decidedBecause",
  octet_length(value) AS "valueBytes",
  EXISTS (SELECT FROM saga WHERE saga.id = letter.saga_id AND saga.status <> 'AWAITED') AS "hasSaga",
  (SELECT count(*) FROM dead_letter AS earlier
   WHERE earlier.message_id = letter.message_id AND earlier.service = letter.service
     AND earlier.seq < letter.seq AND earlier.status IN ('REDRIVING', 'REDRIVEN')) AS "redrivenBefore"`;

const ONE = `SELECT ${COLUMNS}, value FROM dead_letter AS letter WHERE letter.id = $1`;

export async function readDeadLetter(sql: Sql, id: string): Promise<DeadLetter | undefined> {
  const [letter] = await sql.query<DeadLetter>(ONE, [id]);
  return letter;
}

const PAGE = `
  SELECT ${COLUMNS}, substr(value, 1, $1::int) AS value FROM dead_letter AS letter
  WHERE ($2::bigint IS NULL OR seq < $2)
    AND ($3::text IS NULL OR letter.status = $3)
    AND ($4::text IS NULL OR service = $4)
    AND ($5::text IS NULL OR topic = $5)
    AND ($6::text IS NULL OR code = $6)
    AND ($7::uuid IS NULL OR saga_id = $7)
  ORDER BY seq DESC LIMIT $8`;

export function pageOfDeadLetters(
  sql: Sql,
  { status, service, topic, code, sagaId }: DeadLetterFilter,
  before: number | undefined,
  limit: number,
  valueBytes: number,
): Promise<DeadLetter[]> {
  const filters = [before, status, service, topic, code, sagaId].map((value) => value ?? null);
  return sql.query<DeadLetter>(PAGE, [valueBytes, ...filters, limit]);
}

const COUNT_OPEN = `
  SELECT service, topic, code, count(*) AS letters, min(failed_at) AS oldest FROM dead_letter
  WHERE status = 'OPEN'
    AND ($1::text IS NULL OR service = $1)
    AND ($2::text IS NULL OR topic = $2)
    AND ($3::text IS NULL OR code = $3)
  GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

export const countOpenDeadLetters = (sql: Sql, { service, topic, code }: DeadLetterKind): Promise<OpenDeadLetters[]> =>
  sql.query<OpenDeadLetters>(
    COUNT_OPEN,
    [service, topic, code].map((value) => value ?? null),
  );

/** Apart from the count, which is asked every few seconds and needs no row: this one looks into each. */
const OPEN_ON_TOPICS = `
  SELECT topic, count(*) AS letters, count(*) FILTER (WHERE NOT is_whole) AS "notWhole",
         count(*) FILTER (WHERE is_whole AND (key IS NULL OR value IS NULL)) AS empty
  FROM dead_letter
  WHERE status = 'OPEN'
    AND ($1::text IS NULL OR service = $1)
    AND ($2::text IS NULL OR topic = $2)
    AND ($3::text IS NULL OR code = $3)
  GROUP BY 1`;

export const openOnTopics = (sql: Sql, { service, topic, code }: DeadLetterKind): Promise<OpenOnTopic[]> =>
  sql.query<OpenOnTopic>(
    OPEN_ON_TOPICS,
    [service, topic, code].map((value) => value ?? null),
  );
