import type { Sql } from '@saga/service-kit/database';
import type { SagaFilter, SagaPage, StoredSaga } from '../../app/saga-queries.ts';
import { STORED_SAGA } from './read-sagas.ts';

/** What a page looks through at most: then it ends, full or not, and the next one goes on from there. */
export const LOOKED_THROUGH = 10_000;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';
/** By so much the clocks of those who draw ids may be ahead of the database's. */
const CLOCKS_DIFFER_MS = 60 * 60 * 1_000;

/** The ids between which all hits lie, both ends included, but not `before`. */
type Range = { from: string; upTo: string; before: string };
type Condition = { text: (parameter: string) => string; value: unknown };

/**
 * A page of sagas, newest first: ids grow with time (UUIDv7). What is rare (open, stuck, failed) is looked for in an
 * index of its own, all else along the primary key. Nothing is counted or sorted, and no page looks through more than
 * 10,000 rows, so that a filter that fits nothing costs no more than one that does.
 */
export async function pageOfSagas(
  sql: Sql,
  filter: SagaFilter,
  before: string | undefined,
  limit: number,
): Promise<SagaPage> {
  const range = rangeOf(filter, before);
  if (!range) return { sagas: [], lookedUpTo: undefined };
  const { statement, values } = pageStatement(filter, range, limit);
  const sagas = await sql.query<StoredSaga>(statement, values);
  if (sagas.length === limit) return { sagas, lookedUpTo: undefined };
  const [end] = await sql.query<{ id: string }>(endStatement(filter), lookedThroughBy(filter, range));
  const lookedUpTo = end?.id;
  return { sagas: sagas.filter(({ saga }) => saga.id >= (lookedUpTo ?? FIRST_ID)), lookedUpTo };
}

/** Among which rows the hits are, in sets that do not overlap: each has an index in the order of ids. */
function amongOf({ code, step, stuck, status, paused }: SagaFilter): string[] {
  if (stuck) return ['stuck_since IS NOT NULL'];
  if (code !== undefined)
    return [
      'failure_code = $4::text',
      'stuck_since IS NOT NULL AND stuck_code = $4::text AND failure_code IS DISTINCT FROM $4::text',
    ];
  if (status === 'RUNNING' || status === 'COMPENSATING' || paused) return ['ended_at IS NULL'];
  if (status === 'COMPENSATED') return ['failure_code IS NOT NULL'];
  if (step !== undefined) return ['ended_at IS NULL', 'failure_code IS NOT NULL AND ended_at IS NOT NULL'];
  return ['true'];
}

const lookedThroughBy = ({ code, stuck }: SagaFilter, { from, upTo, before }: Range): unknown[] =>
  code === undefined || stuck ? [from, upTo, before] : [from, upTo, before, code];

const lookThrough = (columns: string, among: string): string => `
  SELECT ${columns} FROM saga
  WHERE ${among} AND id >= $1 AND id <= $2 AND id < $3
  ORDER BY id DESC LIMIT ${LOOKED_THROUGH}`;

/** The statement of a page; exported for the specification of its plan. */
export function pageStatement(
  filter: SagaFilter,
  range: Range,
  limit: number,
): { statement: string; values: unknown[] } {
  const conditions = conditionsOf(filter);
  const fixed = [...lookedThroughBy(filter, range), limit];
  const most = `$${fixed.length}::int`;
  const where = conditions.map(({ text }, index) => `AND ${text(`$${fixed.length + 1 + index}`)}`).join(' ');
  const parts = amongOf(filter).map(
    (among) => `(SELECT id, state, wake_at, look_at FROM (${lookThrough('*', among)}) AS looked
      WHERE status <> 'AWAITED' ${where} ORDER BY id DESC LIMIT ${most})`,
  );
  return {
    statement: `SELECT ${STORED_SAGA} FROM (${parts.join(' UNION ALL ')}) AS found ORDER BY id DESC LIMIT ${most}`,
    values: [...fixed, ...conditions.map(({ value }) => value)],
  };
}

/** Where the looking through ended that ended first; null where everything was looked through. */
const endStatement = (filter: SagaFilter): string => {
  const ends = amongOf(filter).map(
    (among) => `(SELECT id FROM (${lookThrough('id', among)}) AS looked
    ORDER BY id DESC OFFSET ${LOOKED_THROUGH - 1} LIMIT 1)`,
  );
  return `SELECT id FROM (${ends.join(' UNION ALL ')}) AS ended ORDER BY id DESC LIMIT 1`;
};

function conditionsOf({ status, definition, step, code, stuck, paused, updatedBefore, q }: SagaFilter): Condition[] {
  const conditions: Condition[] = [];
  const add = (value: unknown, text: (parameter: string) => string) => {
    if (value !== undefined) conditions.push({ text, value });
  };
  add(status, (p) => `status = ${p}::text`);
  add(definition, (p) => `definition = ${p}::text`);
  add(code, (p) => `(failure_code = ${p}::text OR stuck_code = ${p}::text)`);
  add(stuck, (p) => `(stuck_since IS NOT NULL) = ${p}::boolean`);
  add(paused, (p) => `(state -> 'paused' IS NOT NULL) = ${p}::boolean`);
  add(updatedBefore, (p) => `updated_at < ${p}::timestamptz`);
  add(
    step,
    (p) => `(state -> 'failure' ->> 'step' = ${p}::text
      OR state -> 'steps' -> ${p}::text ->> 'status' IN ('SENT', 'COMPENSATING')
      OR (stuck_since IS NOT NULL AND state -> 'steps' -> ${p}::text ->> 'status' = 'REJECTED'))`,
  );
  add(isUserId(q) ? q : undefined, (p) => `state -> 'order' ->> 'userId' = ${p}::text`);
  return conditions;
}

/** No id of this century begins with another digit than 0. */
const isUserId = (q: string | undefined): boolean => q !== undefined && /^[1-9]\d*$/.test(q);

/** Undefined where nothing can be found: the text is the beginning of no id. */
function rangeOf({ q, updatedBefore }: SagaFilter, before: string = LAST_ID): Range | undefined {
  const upTo = updatedBefore === undefined ? LAST_ID : idAt(Date.parse(updatedBefore) + CLOCKS_DIFFER_MS);
  if (q === undefined || isUserId(q)) return { from: FIRST_ID, upTo, before };
  const digits = q.replaceAll('-', '').toLowerCase();
  if (!/^[0-9a-f]{1,32}$/.test(digits)) return undefined;
  const last = idOf(digits.padEnd(32, 'f'));
  return { from: idOf(digits.padEnd(32, '0')), upTo: [last, upTo].sort()[0] ?? upTo, before };
}

const idAt = (millis: number): string => idOf(Math.max(0, millis).toString(16).padStart(12, '0').padEnd(32, 'f'));

const idOf = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
