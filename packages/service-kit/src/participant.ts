import type { Message } from '@saga/messages/message';
import type { Rejection, RejectionCode } from '@saga/messages/reasons';
import type { ActionTopic, Body, CompensationTopic, FactOf, Topic } from '@saga/messages/topics';
import type { Sql, Transaction } from './database.ts';

/** The rows that a batch touches, by table and key: loaded locked, read by `decide`, never changed in place. */
export type Rows<Tables> = { readonly [Table in keyof Tables]: ReadonlyMap<Key, Tables[Table]> };
export type Key = string | number;

/** Rows as they are to be. A row that is not named stays as it was. */
export type Changes<Tables> = { readonly [Table in keyof Tables]?: readonly Tables[Table][] };

/** What a fact says beside the order's id and the outcome. */
export type Success<C extends ActionTopic> = Omit<
  Extract<Body<FactOf<C>>, { outcome: 'success' }>,
  'orderId' | 'outcome'
>;

/** An announcement that goes out with the reply and is stored and replayed with it. */
export type Announcement = Message extends infer M
  ? M extends { topic: infer T; body: infer B }
    ? { topic: T; id: string; body: B }
    : never
  : never;

/** The business's answer to an action, as a value. A refusal changes nothing. */
export type Decision<Tables, C extends ActionTopic> =
  | { outcome: 'success'; reply: Success<C>; changes: Changes<Tables>; announce?: readonly Announcement[] }
  | { outcome: 'rejected'; reason: Rejection };

type Handler<Tables, T extends Topic, Answer> = (rows: Rows<Tables>, message: Message<T>, now: Date) => Answer;

/**
 * A service's domain: plain functions from rows and message to rows and reply, and the statements that load and save
 * the rows. All that is hard (idempotency, replay, the barrier, batching, publishing) is the fold's.
 */
export type Participant<Tables> = {
  service: string;
  /** Commands: each is answered once and for all. */
  actions?: { [C in ActionTopic]?: Handler<Tables, C, Decision<Tables, C>> };
  /** What undoes an action: the changes, or 'nothing' when there is no effect to undo under the header `actionid`. */
  compensations?: { [C in CompensationTopic]?: Handler<Tables, C, Changes<Tables> | 'nothing'> };
  /** Facts and announcements that this service listens to: handled once, not answered. */
  listeners?: { [T in Topic]?: Handler<Tables, T, Changes<Tables>> };
  /** State topics: applied if newer, so they need no inbox. */
  projections?: { [T in Topic]?: Handler<Tables, T, Changes<Tables>> };
  keys: { readonly [Table in keyof Tables]: (row: Tables[Table]) => Key };
  /** One statement per table, set-based, rows locked in key order; a compensation's rows by `actionid`. */
  load(sql: Sql, messages: readonly Message[]): Promise<Rows<Tables>>;
  /** One statement per table, set-based. Gets only rows that were changed. */
  save(sql: Transaction, changes: { readonly [Table in keyof Tables]: readonly Tables[Table][] }): void;
};

/** The rows that the statement finds by these keys, its parameters; where none is wanted, nothing is asked. */
export const rowsOf = async <Row extends object>(
  sql: Sql,
  statement: string,
  ...keys: readonly (readonly Key[])[]
): Promise<Row[]> => (keys.some((wanted) => wanted.length > 0) ? sql.query<Row>(statement, keys) : []);

/** Rows by their key, as `load` returns them. */
export const byKey = <Row>(rows: readonly Row[], keyOf: (row: Row) => Key): ReadonlyMap<Key, Row> =>
  new Map(rows.map((row) => [keyOf(row), row]));

/** The business says no: final, never retried, nothing changed. */
export const rejected = (code: RejectionCode, message: string) =>
  ({ outcome: 'rejected', reason: { code, message } }) as const;
