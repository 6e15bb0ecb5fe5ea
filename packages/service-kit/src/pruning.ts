import type { Logger } from 'pino';
import type { Database } from './database.ts';
import type { KitTable } from './kit-tables.ts';
import { type PeriodicTask, periodic } from './periodic.ts';

const EVERY_MS = 60_000;
/** Small enough that nobody waits for it. */
const CHUNK_ROWS = 2_000;
/** Then it rests: what is left waits for the next run. */
const MAX_CHUNKS = 200;
const IDEMPOTENCY_HOURS = 24;
const HOURS_PER_DAY = 24;

/**
 * Of a message that is handled just before it expires, the row must be there until it has expired on every clock: of
 * the producer, which dated it, of the service and of the database (trap 21).
 */
const INBOX_MARGIN_DAYS = 1;

export const PRUNE_INBOX = `
  DELETE FROM inbox WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM inbox WHERE handled_at < now() - $1::int * interval '1 hour'
    LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING 1`;

const PRUNE_IDEMPOTENCY = `
  DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency WHERE created_at < now() - $1::int * interval '1 hour'
    LIMIT $2 FOR UPDATE SKIP LOCKED))
  RETURNING 1`;

export type PruningOptions = {
  database: Database;
  tables: ReadonlySet<KitTable>;
  inboxDays: number;
  logger: Logger;
};

/**
 * Forgets what need not be known any more, a chunk at a time. The inbox remembers a message from when it was handled,
 * a dead letter is made of it when `inboxDays` have gone by since it was made: never after it was forgotten (trap 21).
 */
export function pruning({ database, tables, inboxDays, logger }: PruningOptions): PeriodicTask {
  async function prune(statement: string, hours: number, stopping: AbortSignal): Promise<void> {
    for (let chunk = 0; chunk < MAX_CHUNKS && !stopping.aborted; chunk += 1) {
      const deleted = await database.query(statement, [hours, CHUNK_ROWS]);
      if (deleted.length < CHUNK_ROWS) return;
    }
  }

  return periodic({
    name: 'pruning',
    everyMs: EVERY_MS,
    run: async (stopping) => {
      if (tables.has('inbox')) await prune(PRUNE_INBOX, (inboxDays + INBOX_MARGIN_DAYS) * HOURS_PER_DAY, stopping);
      if (tables.has('idempotency')) await prune(PRUNE_IDEMPOTENCY, IDEMPOTENCY_HOURS, stopping);
    },
    logger,
  });
}
