import { encode } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import { isStateTopic } from '@saga/messages/topics';
import type { Logger } from 'pino';
import type { Broker } from './broker.ts';
import { type Clock, systemClock } from './clock.ts';
import type { Database, Sql, Transaction } from './database.ts';
import { messageOf } from './faults.ts';
import { naturalBatch } from './natural-batch.ts';
import { type OutboxRow, type OutboxStore, postgresOutbox } from './outbox-store.ts';

/**
 * For what no message caused (an HTTP request, a timer, an operator): the messages are committed with the change that
 * they tell of, and published at once after the commit. What a crash leaves behind, the relay sweeps.
 *
 * Of a state topic the newest version must be published last, for compaction keeps that one: all processes of a service
 * publish its states one at a time, in the order of the rows, which is that of the commits, because whoever changes a
 * thing has its row locked before it writes here (trap 14).
 */
export interface Outbox {
  /** Commits the work and the messages it returns as one; resolves after the commit, not after the publishing. */
  transaction<Result>(
    work: (sql: Transaction) => Promise<{ result: Result; messages: readonly Message[] }>,
  ): Promise<Result>;
  /**
   * Publishes what stands longer than it should (a crash, an outage) until there is no more of it; returns how many.
   *
   * @throws when the broker is away, or refuses a topic: then everything of the other topics has been published.
   */
  relay(stopping?: AbortSignal): Promise<number>;
  /** Rows at the last count and those added here since: for a limit, not for a balance. */
  readonly size: number;
  /** For a stop: resolves when what was committed so far has been published and deleted, or left to the relay. */
  idle(): Promise<void>;
}

export type OutboxOptions = { database: Database; broker: Broker; logger: Logger; store?: OutboxStore; clock?: Clock };

type Claim = (sql: Sql, except: readonly string[]) => Promise<OutboxRow[]>;
/** The topics that the broker would not take something of, and why. */
type Refused = Map<string, unknown>;

/** Older than this, a row was forgotten by the process that wrote it. */
const RELAY_AFTER_MS = 5_000;
const RELAY_BATCH = 500;
const PUBLISH_BATCH = 500;
/**
 * Little that was published is deleted at most so often: at forty orders a second, a deletion for each would be every
 * eighth transaction of all services. Much less than RELAY_AFTER_MS, for until then no relay takes it for forgotten.
 */
const REST_AFTER_DELETION_MS = 200;
/** Publishings that share a deletion. While as many wait for the next one it does not rest, or ever more would wait. */
const DELETION_BATCH = 20;
/** More than this in memory is left to the relay: an outage must not eat the memory (trap 10). */
const MAX_WAITING = 10_000;
/** The count is for a limit, so that it need not be exact beyond it. */
const COUNT_LIMIT = 1_000_000;
/** Emptying a long outbox must not mean to count it for every batch: ten thousand rows are relayed between two counts. */
const BATCHES_PER_COUNT = 20;

export function createOutbox(options: OutboxOptions): Outbox {
  const { database, broker, logger, store = postgresOutbox, clock = systemClock } = options;
  let counted = 0;
  let addedSince = 0;
  let resting = new AbortController();

  const publishing = naturalBatch<OutboxRow, void>({
    maxBatch: PUBLISH_BATCH,
    work: async (rows) => {
      try {
        await broker.publish(messagesOf(rows));
        void deleting.submit(idsOf(rows));
      } catch (error) {
        logger.warn({ error: messageOf(error), messages: rows.length }, 'left to the outbox relay');
      }
      return rows.map(() => undefined);
    },
  });

  const deleting = naturalBatch<readonly number[], void>({
    maxBatch: DELETION_BATCH,
    work: async (publishings) => {
      const ids = publishings.flat();
      try {
        await store.delete(database, ids);
        addedSince = Math.max(0, addedSince - ids.length);
      } catch (error) {
        const fault = { error: messageOf(error), messages: ids.length };
        logger.warn(fault, 'published, but still in the outbox: the relay publishes it once more');
      }
      // It ends early where somebody waits for it.
      if (deleting.waiting < DELETION_BATCH) await clock.pause(REST_AFTER_DELETION_MS, resting.signal).catch(() => {});
      return publishings.map(() => undefined);
    },
  });

  const claimStates: Claim = (sql, except) => store.claimStates(sql, { limit: RELAY_BATCH, except });
  const claimOld: Claim = (sql, except) =>
    store.claim(sql, { olderThanMs: RELAY_AFTER_MS, limit: RELAY_BATCH, except });

  /** Claims, publishes and deletes in one transaction; what of a refused topic stands in the way is claimed no more. */
  const publishClaimed = (claim: Claim, refused: Refused): Promise<number> =>
    database.transaction(async (sql) => {
      const rows = await claim(sql, [...refused.keys()]);
      if (rows.length === 0) return 0;
      const taken = await publishTaken(broker, rows, refused);
      await store.delete(sql, idsOf(taken));
      return taken.length;
    });

  /** Nothing is asked for twice: who comes while one waits, finds its rows published by that one. */
  const publishingStates = naturalBatch<undefined, void>({
    maxBatch: 1,
    work: async () => {
      try {
        const refused: Refused = new Map();
        for (;;) {
          const published = await publishClaimed(claimStates, refused);
          if (published === 0) break;
          addedSince = Math.max(0, addedSince - published);
        }
        throwRefused(refused);
      } catch (error) {
        logger.warn({ error: messageOf(error) }, 'states are left to the outbox relay');
      }
      return [undefined];
    },
  });

  /** What is added meanwhile may or may not be in it: it is kept beside it. */
  async function count(): Promise<number> {
    const addedBefore = addedSince;
    counted = await store.count(database, COUNT_LIMIT);
    addedSince = Math.max(0, addedSince - addedBefore);
    return counted;
  }

  function publishSoon(rows: readonly OutboxRow[]): void {
    const [states, others] = [rows.filter(isState), rows.filter((row) => !isState(row))];
    if (states.length > 0 && publishingStates.waiting === 0) void publishingStates.submit(undefined);
    if (publishing.waiting + others.length <= MAX_WAITING) for (const row of others) void publishing.submit(row);
  }

  return {
    transaction: async (work) => {
      const { result, rows } = await database.transaction(async (sql) => {
        const { result, messages } = await work(sql);
        return { result, rows: await store.insert(sql, messages.map(encode)) };
      });
      addedSince += rows.length;
      publishSoon(rows);
      return result;
    },
    relay: async (stopping) => {
      let relayed = 0;
      const refused: Refused = new Map();
      for (let batch = 0; !stopping?.aborted; batch += 1) {
        // Counted first: while the broker is away nothing is relayed, and that is when the count matters.
        if (batch % BATCHES_PER_COUNT === 0) {
          const rows = await count();
          if (rows === 0) break;
        }
        const refusedBefore = refused.size;
        const published = (await publishClaimed(claimStates, refused)) + (await publishClaimed(claimOld, refused));
        if (published === 0 && refused.size === refusedBefore) break;
        counted = Math.max(0, counted - published);
        relayed += published;
      }
      throwRefused(refused);
      return relayed;
    },
    get size() {
      return counted + addedSince;
    },
    idle: async () => {
      await Promise.all([publishing.idle(), publishingStates.idle()]);
      resting.abort();
      await deleting.idle();
      resting = new AbortController();
    },
  };
}

/**
 * Publishes what the broker takes of it: a topic that it refuses (a missing right, a lower limit) must not hold up the
 * others. Refused topics are noted.
 *
 * @throws when the broker is away: then no topic is tried alone, for each would wait as long.
 */
async function publishTaken(
  broker: Broker,
  rows: readonly OutboxRow[],
  refused: Refused,
): Promise<readonly OutboxRow[]> {
  const topics = Map.groupBy(rows, ({ message }) => message.topic);
  try {
    await broker.publish(messagesOf(rows));
    return rows;
  } catch (error) {
    await broker.check();
    const [only, ...others] = topics.keys();
    if (only !== undefined && others.length === 0) {
      refused.set(only, error);
      return [];
    }
  }
  const taken: (readonly OutboxRow[])[] = [];
  for (const ofTopic of topics.values()) taken.push(await publishTaken(broker, ofTopic, refused));
  return taken.flat();
}

function throwRefused(refused: Refused): void {
  if (refused.size === 0) return;
  const each = [...refused].map(([topic, error]) => `${topic}: ${messageOf(error)}`);
  throw new AggregateError(refused.values(), `what the broker refuses stays in the outbox: ${each.join('; ')}`);
}

const idsOf = (rows: readonly OutboxRow[]) => rows.map(({ id }) => id);
const isState = ({ message: { topic } }: OutboxRow): boolean => isStateTopic(topic);
const messagesOf = (rows: readonly OutboxRow[]) => rows.map(({ message }) => message);
