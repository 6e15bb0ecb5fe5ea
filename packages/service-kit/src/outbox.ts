import { encode } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import type { Logger } from 'pino';
import type { Broker } from './broker.ts';
import type { Database, Sql, Transaction } from './database.ts';
import { messageOf } from './faults.ts';
import { naturalBatch } from './natural-batch.ts';
import { type OutboxRow, type OutboxStore, postgresOutbox } from './outbox-store.ts';

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

export type OutboxOptions = { database: Database; broker: Broker; logger: Logger; store?: OutboxStore };

/** Older than this, a row was forgotten by the process that wrote it. */
const RELAY_AFTER_MS = 5_000;
const RELAY_BATCH = 500;
const PUBLISH_BATCH = 500;
/** More than this in memory is left to the relay: an outage must not eat the memory (trap 10). */
const MAX_WAITING = 10_000;
/** The count is for a limit, so that it need not be exact beyond it. */
const COUNT_LIMIT = 1_000_000;

export function createOutbox({ database, broker, logger, store = postgresOutbox }: OutboxOptions): Outbox {
  let counted = 0;
  let addedSince = 0;

  const publishing = naturalBatch<OutboxRow, void>({
    maxBatch: PUBLISH_BATCH,
    work: async (rows) => {
      try {
        await broker.publish(messagesOf(rows));
        await store.delete(database, idsOf(rows));
        addedSince = Math.max(0, addedSince - rows.length);
      } catch (error) {
        logger.warn({ error: messageOf(error), messages: rows.length }, 'left to the outbox relay');
      }
      return rows.map(() => undefined);
    },
  });

  async function relayOnce(sql: Sql): Promise<number> {
    const rows = await store.claim(sql, { olderThanMs: RELAY_AFTER_MS, limit: RELAY_BATCH });
    if (rows.length === 0) return 0;
    await broker.publish(messagesOf(rows));
    await store.delete(sql, idsOf(rows));
    return rows.length;
  }

  return {
    transaction: async (work) => {
      const { result, rows } = await database.transaction(async (sql) => {
        const { result, messages } = await work(sql);
        return { result, rows: await store.insert(sql, messages.map(encode)) };
      });
      addedSince += rows.length;
      if (publishing.waiting + rows.length <= MAX_WAITING) for (const row of rows) void publishing.submit(row);
      return result;
    },
    relay: async () => {
      // Counted first: while the broker is away nothing is relayed, and that is when the count matters.
      // What is added meanwhile may or may not be in it: it is kept beside it.
      const addedBefore = addedSince;
      counted = await store.count(database, COUNT_LIMIT);
      addedSince = Math.max(0, addedSince - addedBefore);
      const relayed = await database.transaction(relayOnce);
      counted = Math.max(0, counted - relayed);
      return relayed;
    },
    get size() {
      return counted + addedSince;
    },
    idle: publishing.idle,
  };
}

const idsOf = (rows: readonly OutboxRow[]) => rows.map(({ id }) => id);
const messagesOf = (rows: readonly OutboxRow[]) => rows.map(({ message }) => message);
