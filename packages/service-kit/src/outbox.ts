import { encode, type WireMessage } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import type { Logger } from 'pino';
import type { Broker } from './broker.ts';
import type { Database, Sql, Transaction } from './database.ts';
import { messageOf } from './faults.ts';
import { naturalBatch } from './natural-batch.ts';

/**
 * For what no message caused (an HTTP request, a timer, an operator): the messages are committed with the change that
 * they tell of, and published at once after the commit. What a crash leaves behind, the relay sweeps.
 */
export interface Outbox {
  /** Commits the work and the messages it returns as one; resolves after the commit, not after the publishing. */
  transaction<Result>(
    work: (sql: Transaction) => Promise<{ result: Result; messages: readonly Message[] }>,
  ): Promise<Result>;
  /** Publishes what stands longer than it should (a crash, an outage); returns how many. For one relay tick. */
  relay(): Promise<number>;
  /** Rows at the last count and those added here since: for a limit, not for a balance. */
  readonly size: number;
  /** Resolves when what was committed so far has been published or left to the relay. */
  idle(): Promise<void>;
}

export type OutboxOptions = { database: Database; broker: Broker; logger: Logger };

/** Older than this, a row was forgotten by the process that wrote it. */
const RELAY_AFTER_MS = 5_000;
const RELAY_BATCH = 500;
const PUBLISH_BATCH = 500;
/** More than this in memory is left to the relay: an outage must not eat the memory (trap 10). */
const MAX_WAITING = 10_000;
/** The count is for a limit, so that it need not be exact beyond it. */
const COUNT_LIMIT = 1_000_000;

type Row = { id: number; message: WireMessage };

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

export function createOutbox({ database, broker, logger }: OutboxOptions): Outbox {
  let counted = 0;
  let addedSince = 0;

  const publishing = naturalBatch<Row, void>({
    maxBatch: PUBLISH_BATCH,
    work: async (rows) => {
      try {
        await broker.publish(rows.map((row) => row.message));
        await database.query(DELETE, [rows.map((row) => row.id)]);
        addedSince = Math.max(0, addedSince - rows.length);
      } catch (error) {
        logger.warn({ error: messageOf(error), messages: rows.length }, 'left to the outbox relay');
      }
      return rows.map(() => undefined);
    },
  });

  return {
    transaction: async (work) => {
      const { result, rows } = await database.transaction(async (sql) => {
        const { result, messages } = await work(sql);
        return { result, rows: await insert(sql, messages.map(encode)) };
      });
      addedSince += rows.length;
      if (publishing.waiting + rows.length <= MAX_WAITING) for (const row of rows) void publishing.submit(row);
      return result;
    },
    relay: async () => {
      // Counted first: while the broker is away nothing is relayed, and that is when the count matters.
      // What is added meanwhile may or may not be in it: it is kept beside it.
      const addedBefore = addedSince;
      const [row] = await database.query<{ rows: number }>(COUNT, [COUNT_LIMIT]);
      counted = row?.rows ?? 0;
      addedSince = Math.max(0, addedSince - addedBefore);
      const relayed = await database.transaction((sql) => relayOnce(sql, broker));
      counted = Math.max(0, counted - relayed);
      return relayed;
    },
    get size() {
      return counted + addedSince;
    },
    idle: publishing.idle,
  };
}

async function insert(sql: Sql, messages: readonly WireMessage[]): Promise<Row[]> {
  if (messages.length === 0) return [];
  const ids = await sql.query<{ id: number }>(INSERT, [
    messages.map((message) => message.topic),
    messages.map((message) => message.key),
    messages.map((message) => JSON.stringify(message.headers)),
    messages.map((message) => message.value),
  ]);
  return messages.map((message, index) => ({ id: ids[index]?.id ?? 0, message }));
}

async function relayOnce(sql: Sql, broker: Broker): Promise<number> {
  const rows = await sql.query<WireMessage & { id: number }>(CLAIM, [RELAY_AFTER_MS, RELAY_BATCH]);
  if (rows.length === 0) return 0;
  await broker.publish(rows.map(({ topic, key, headers, value }) => ({ topic, key, headers, value })));
  await sql.query(DELETE, [rows.map((row) => row.id)]);
  return rows.length;
}
