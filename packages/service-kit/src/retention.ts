import type { Logger } from 'pino';
import { type CommonConfig, ConfigError } from './config.ts';
import type { Database } from './database.ts';
import { type PeriodicTask, periodic } from './periodic.ts';

const EVERY_MS = 60_000;
/** Small enough that nobody waits for it. */
const CHUNK_ORDERS = 1_000;
/** Then it rests: what is left waits for the next run. */
const MAX_CHUNKS = 500;
const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/**
 * Deletes what may be forgotten of at most so many orders, from this id on.
 *
 * @returns the last order that was looked at; undefined where that was the last that there is.
 */
export type Forgetting = (after: string, limit: number) => Promise<string | undefined>;

export type RetentionOptions = { forgettings: readonly Forgetting[]; logger: Logger };

/** Forgets what ended long ago, a chunk at a time, by the order's id: the index on it tells also what is old (trap 21). */
export const retention = ({ forgettings, logger }: RetentionOptions): PeriodicTask =>
  periodic({
    name: 'retention',
    everyMs: EVERY_MS,
    run: async (stopping) => {
      for (const forget of forgettings) await forgetAll(forget, stopping);
    },
    logger,
  });

async function forgetAll(forget: Forgetting, stopping: AbortSignal): Promise<void> {
  let after: string | undefined = BEFORE_ALL_IDS;
  for (let chunk = 0; chunk < MAX_CHUNKS && after !== undefined && !stopping.aborted; chunk += 1)
    after = await forget(after, CHUNK_ORDERS);
}

/**
 * What a service can tell by itself to have ended.
 *
 * @param statement deletes rows of at most $2 orders after $1 that are older than $3 days, and returns their `id`s.
 */
export const forgetsEnded =
  (database: Database, statement: string, days: number): Forgetting =>
  async (after, limit) => {
    const gone = await database.query<{ id: string }>(statement, [after, limit, days]);
    return gone.length < limit ? undefined : lastOf(gone.map(({ id }) => id));
  };

/** Which sagas of a window of ids, both ends included, have ended; of more than `limit` the first ones. */
export type EndedSagas = (window: { from: string; upTo: string }, limit: number) => Promise<string[]>;

export type UndoableStatements = {
  /** `id` of at most $2 orders after $1 that are older than $3 days, by id. */
  old: string;
  /** Deletes what is kept of the orders $1. */
  forget: string;
};

/**
 * What may have to be undone as long as its saga is open, however old it is: the orchestrator knows. What it does not
 * know is kept: another installation's, an empty or a restored one says nothing about what may be forgotten.
 */
export const forgetsUndoable =
  (database: Database, { old, forget }: UndoableStatements, days: number, endedSagas: EndedSagas): Forgetting =>
  async (after, limit) => {
    const ids = (await database.query<{ id: string }>(old, [after, limit, days])).map(({ id }) => id);
    const [from] = ids;
    const upTo = ids.at(-1);
    if (from === undefined || upTo === undefined) return undefined;
    const ended = await endedSagas({ from, upTo }, limit);
    const known = new Set(ended);
    await database.query(forget, [ids.filter((id) => known.has(id))]);
    // As many as were asked for: there may be more, after the last one.
    const askedUpTo = ended.length < limit ? upTo : lastOf(ended);
    return ids.length < limit && askedUpTo === upTo ? undefined : askedUpTo;
  };

const lastOf = (ids: readonly string[]): string => [...ids].sort().at(-1) ?? BEFORE_ALL_IDS;

/** @throws ConfigError where a message could come again of which nothing is known any more, and yet be handled. */
export function assertKeptLongEnough({ RETENTION_DAYS, INBOX_DAYS }: CommonConfig): void {
  if (RETENTION_DAYS > INBOX_DAYS) return;
  throw new ConfigError([
    `RETENTION_DAYS is ${RETENTION_DAYS} and must be more than INBOX_DAYS, which is ${INBOX_DAYS}: what has ended is kept until no message of it can come any more`,
  ]);
}
