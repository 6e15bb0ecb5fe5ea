import type { WireMessage } from '@saga/messages/codec';
import { allTopics, isStateTopic } from '@saga/messages/topics';
import type { Sql } from './database.ts';
import { documentsIn, jsonSequence } from './json-sequence.ts';
import { takeTurn } from './take-turn.ts';

export type OutboxRow = { id: number; message: WireMessage };

export type ClaimOptions = { limit: number; except: readonly string[] };

/** The rows of messages that are still to be published. Every method may run inside a transaction. */
export interface OutboxStore {
  /** In the order of the messages. */
  insert(sql: Sql, messages: readonly WireMessage[]): Promise<OutboxRow[]>;
  delete(sql: Sql, ids: readonly number[]): Promise<void>;
  /**
   * The first rows that are older than that, by id, locked; those that another relay has are skipped (trap 14). None of
   * a state topic: they have their own claim. None of the topics in `except`.
   */
  claim(sql: Sql, options: ClaimOptions & { olderThanMs: number }): Promise<OutboxRow[]>;
  /**
   * The first rows of state topics, by id, however young, for one process at a time: nothing while another one's
   * transaction has claimed any (trap 14).
   */
  claimStates(sql: Sql, options: ClaimOptions): Promise<OutboxRow[]>;
  /** How many rows there are, counted up to the limit. */
  count(sql: Sql, limit: number): Promise<number>;
}

const STATE_TOPICS = allTopics.filter(isStateTopic);

const INSERT = `
  INSERT INTO outbox (topic, key, headers, value)
  SELECT topic, key, headers::json, value
  FROM ROWS FROM (json_to_recordset($1::json) AS (topic text, key text, value text), ${documentsIn('$2')})
    AS message (topic, key, value, headers)
  RETURNING id`;

const DELETE = `DELETE FROM outbox WHERE id = ANY($1::bigint[])`;

/** No cursor over ids: a row whose transaction commits late would be skipped for ever (trap 14). */
const CLAIM = `
  SELECT id, topic, key, headers, value FROM outbox
  WHERE created_at < clock_timestamp() - $1::int * interval '1 millisecond' AND topic <> ALL($3::text[])
  ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED`;

const CLAIM_STATES = `
  SELECT id, topic, key, headers, value FROM outbox WHERE topic = ANY($1::text[]) ORDER BY id LIMIT $2`;

const COUNT = `SELECT count(*) AS rows FROM (SELECT 1 FROM outbox LIMIT $1) AS counted`;

export const postgresOutbox: OutboxStore = {
  insert: async (sql, messages) => {
    if (messages.length === 0) return [];
    const rows = await sql.query<{ id: number }>(INSERT, [
      JSON.stringify(messages.map(({ topic, key, value }) => ({ topic, key, value }))),
      jsonSequence(messages.map(({ headers }) => headers)),
    ]);
    return messages.map((message, index) => {
      const row = rows[index];
      if (!row) throw new Error(`${messages.length} messages were written to the outbox, as ${rows.length} rows`);
      return { id: row.id, message };
    });
  },
  delete: async (sql, ids) => {
    await sql.query(DELETE, [ids]);
  },
  claim: async (sql, { olderThanMs, limit, except }) =>
    (await sql.query<StoredRow>(CLAIM, [olderThanMs, limit, [...STATE_TOPICS, ...except]])).map(rowOf),
  claimStates: async (sql, { limit, except }) => {
    if (!(await takeTurn(sql, 'outbox'))) return [];
    const topics = STATE_TOPICS.filter((topic) => !except.includes(topic));
    return (await sql.query<StoredRow>(CLAIM_STATES, [topics, limit])).map(rowOf);
  },
  count: async (sql, limit) => {
    const [counted] = await sql.query<{ rows: number }>(COUNT, [limit]);
    if (!counted) throw new Error('the outbox was not counted');
    return counted.rows;
  },
};

type StoredRow = WireMessage & { id: number };

const rowOf = ({ id, ...message }: StoredRow): OutboxRow => ({ id, message });
