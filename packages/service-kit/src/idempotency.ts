import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Database, Sql } from './database.ts';
import { isUniqueViolation } from './faults.ts';
import { Problem } from './problem.ts';

const MAX_KEY_LENGTH = 255;
const PRINTABLE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** For a route's `headers`: the key by which a client may send the same write again without its being done twice. */
export const idempotencyKey = z
  .string()
  .max(MAX_KEY_LENGTH)
  .regex(PRINTABLE, `must be 1 to ${MAX_KEY_LENGTH} printable characters`)
  .optional()
  .describe('Kept for 24 hours: the same key with the same body gets the same answer, and nothing is done twice');
export const idempotencyHeaders = z.object({ 'idempotency-key': idempotencyKey });

/** A request that is to take effect once. The scope is the operation and its caller: keys are each caller's own. */
export type Once = { scope: string; key: string; requestHash: string };

/** Nothing where the client sent no key: then every request takes effect. */
export function once(scope: string, key: string | undefined, body: unknown): Once | undefined {
  if (key === undefined) return undefined;
  return { scope, key, requestHash: createHash('sha256').update(JSON.stringify(body)).digest('base64url') };
}

type StoredAnswer = { requestHash: string; response: string };

const LOAD_ANSWER = `SELECT request_hash AS "requestHash", response FROM idempotency WHERE scope = $1 AND key = $2`;

/** Plain, never ON CONFLICT: a duplicate that is not committed yet cannot be seen, so that all of it must be undone. */
const INSERT_ANSWER = `INSERT INTO idempotency (scope, key, request_hash, response) VALUES ($1, $2, $3, $4)`;

/** Each try ends with this one's own answer or sees the other's; more than two need a third duplicate in between. */
const MAX_TRIES = 5;

/**
 * Does the work in a transaction together with storing its answer, or answers as before. Of two at once, one waits for
 * the other, is undone by the unique key, runs again and sees the other's answer.
 *
 * @throws Problem 422 IDEMPOTENCY_KEY_REUSED when the key came with another body before; whatever the work throws.
 */
export async function answerOnce<Answer>(
  database: Database,
  request: Once | undefined,
  answer: z.ZodType<Answer>,
  work: (sql: Sql) => Promise<Answer>,
): Promise<Answer> {
  if (request === undefined) return database.transaction(work);
  for (let tried = 1; ; tried += 1) {
    try {
      return await database.transaction((sql) => answerWithin(sql, request, answer, work));
    } catch (error) {
      if (!isUniqueViolation(error) || tried === MAX_TRIES) throw error;
    }
  }
}

async function answerWithin<Answer>(
  sql: Sql,
  { scope, key, requestHash }: Once,
  answer: z.ZodType<Answer>,
  work: (sql: Sql) => Promise<Answer>,
): Promise<Answer> {
  const [stored] = await sql.query<StoredAnswer>(LOAD_ANSWER, [scope, key]);
  if (stored === undefined) {
    const fresh = await work(sql);
    await sql.query(INSERT_ANSWER, [scope, key, requestHash, JSON.stringify(fresh)]);
    return fresh;
  }
  if (stored.requestHash !== requestHash)
    throw new Problem(422, 'IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used for another request');
  return answer.parse(JSON.parse(stored.response));
}
