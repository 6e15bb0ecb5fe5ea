import type { WireMessage } from '@saga/messages/codec';
import type { Sql } from './database.ts';

export type OutboxRow = { id: number; message: WireMessage };

/** The rows of messages that are still to be published. Every method may run inside a transaction. */
export interface OutboxStore {
  /** In the order of the messages. */
  insert(sql: Sql, messages: readonly WireMessage[]): Promise<OutboxRow[]>;
  delete(sql: Sql, ids: readonly number[]): Promise<void>;
  /** The first rows that are older than that, by id, locked; those that another relay has are skipped (trap 14). */
  claim(sql: Sql, options: { olderThanMs: number; limit: number }): Promise<OutboxRow[]>;
  /** How many rows there are, counted up to the limit. */
  count(sql: Sql, limit: number): Promise<number>;
}

const INSERT = `
  INSERT INTO outbox (topic, key, headers, value)
  SELECT topic, key, headers, value
  FROM unnest($1::text[], $2::text[], $3::json[], $4::text[]) AS message (topic, key, headers, value)
  RETURNING id`;

const DELETE = `DELETE FROM outbox WHERE id = ANY($1::bigint[])`;

/** No cursor over ids: a row whose transaction commits late would be skipped for ever (trap 14). */
const CLAIM = `
  SELECT id, topic, key, headers, value FROM outbox
  WHERE created_at < clock_timestamp() - $1::int * interval '1 millisecond'
  ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED`;

const COUNT = `SELECT count(*) AS rows FROM (SELECT 1 FROM outbox LIMIT $1) AS counted`;

export const postgresOutbox: OutboxStore = {
  insert: async (sql, messages) => {
    if (messages.length === 0) return [];
    const ids = await sql.query<{ id: number }>(INSERT, [
      messages.map((message) => message.topic),
      messages.map((message) => message.key),
      messages.map((message) => JSON.stringify(message.headers)),
      messages.map((message) => message.value),
    ]);
    return messages.map((message, index) => ({ id: ids[index]?.id ?? 0, message }));
  },
  delete: async (sql, ids) => {
    await sql.query(DELETE, [ids]);
  },
  claim: async (sql, { olderThanMs, limit }) => {
    const rows = await sql.query<WireMessage & { id: number }>(CLAIM, [olderThanMs, limit]);
    return rows.map(({ id, ...message }) => ({ id, message }));
  },
  count: async (sql, limit) => (await sql.query<{ rows: number }>(COUNT, [limit]))[0]?.rows ?? 0,
};
