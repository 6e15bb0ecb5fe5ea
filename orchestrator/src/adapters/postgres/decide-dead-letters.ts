import type { Sql } from '@saga/service-kit/database';
import type { DeadLetterKind, DecidedLetter, Decision, Original } from '../../app/dead-letters.ts';

/** Of two operators at once one finds it open (trap 20). */
const DECIDE = `
  UPDATE dead_letter SET
    status = $2, decided_at = now(), decided_by = $3, decided_because = $4,
    key = coalesce($5, key), headers = coalesce($6::json, headers), value = coalesce($7::bytea, value),
    is_whole = is_whole OR $7::bytea IS NOT NULL
  WHERE id = $1 AND status = 'OPEN'
  RETURNING id, service, topic, partition, "offset", code`;

export async function decideDeadLetter(
  sql: Sql,
  id: string,
  { status, by, because }: Decision,
  original?: Original,
): Promise<DecidedLetter | undefined> {
  const headers = original ? JSON.stringify(original.headers) : null;
  const [letter] = await sql.query<DecidedLetter>(DECIDE, [
    id,
    status,
    by,
    because,
    original?.key ?? null,
    headers,
    original?.value ?? null,
  ]);
  return letter;
}

/** The oldest first, in the order in which they came: those of a key are published in their order. */
const REDRIVE_MANY = `
  UPDATE dead_letter SET status = $6, decided_at = now(), decided_by = $7, decided_because = $8
  WHERE id = ANY(ARRAY(
    SELECT id FROM dead_letter
    WHERE status = 'OPEN' AND is_whole AND key IS NOT NULL AND value IS NOT NULL
      AND ($1::text IS NULL OR service = $1)
      AND ($2::text IS NULL OR topic = $2)
      AND ($3::text IS NULL OR code = $3)
      AND topic = ANY($4::text[])
    ORDER BY seq LIMIT $5 FOR UPDATE SKIP LOCKED))
  RETURNING id, service, topic, partition, "offset", code`;

export const redriveMany = (
  sql: Sql,
  { service, topic, code }: DeadLetterKind,
  topics: readonly string[],
  limit: number,
  { status, by, because }: Decision,
): Promise<DecidedLetter[]> =>
  sql.query<DecidedLetter>(REDRIVE_MANY, [
    ...[service, topic, code].map((value) => value ?? null),
    topics,
    limit,
    status,
    by,
    because,
  ]);
