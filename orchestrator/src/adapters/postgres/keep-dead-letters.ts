import type { Sql } from '@saga/service-kit/database';
import type { NewDeadLetter } from '../../app/dead-letters.ts';

/** The same dead letter may come again, later or in the same batch: the row that stands has its history. */
const KEEP = `
  INSERT INTO dead_letter (id, service, topic, partition, "offset", key, headers, value, is_whole, code, message,
                           failed_at, saga_id, message_id)
  SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::json[], $8::bytea[],
                       $9::boolean[], $10::text[], $11::text[], $12::timestamptz[], $13::uuid[], $14::uuid[])
  ON CONFLICT (id) DO NOTHING`;

export async function keepDeadLetters(sql: Sql, letters: readonly NewDeadLetter[]): Promise<void> {
  await sql.query(KEEP, [
    letters.map(({ id }) => id),
    letters.map(({ service }) => service),
    letters.map(({ topic }) => topic),
    letters.map(({ partition }) => partition),
    letters.map(({ offset }) => offset),
    letters.map(({ key }) => key),
    letters.map(({ headers }) => JSON.stringify(headers)),
    letters.map(({ value }) => value),
    letters.map(({ isWhole }) => isWhole),
    letters.map(({ code }) => code),
    letters.map(({ message }) => message),
    letters.map(({ failedAt }) => failedAt),
    letters.map(({ sagaId }) => sagaId),
    letters.map(({ messageId }) => messageId),
  ]);
}
