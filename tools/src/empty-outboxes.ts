import { setTimeout as pause } from 'node:timers/promises';
import { withConnection } from './database-connection.ts';
import { type Passwords, serviceDatabaseUrl } from './service-database-url.ts';
import type { ServiceName } from './service-name.ts';

const POLL_MS = 50;
const LIMIT_MS = 5 * 60_000;

export type OutboxOwners = { databaseUrl: string; passwords: Passwords; services: readonly ServiceName[] };

/**
 * Resolves when what these services have announced so far is with the broker.
 *
 * @throws Error when it takes longer than five minutes, or when the signal aborts.
 */
export async function emptyOutboxes(
  { databaseUrl, passwords, services }: OutboxOwners,
  signal: AbortSignal,
): Promise<void> {
  const urls = services.map((service) => serviceDatabaseUrl(databaseUrl, service, passwords));
  await Promise.all(urls.map((url) => emptyOutbox(url, signal)));
}

const emptyOutbox = (url: string, signal: AbortSignal): Promise<void> =>
  withConnection(url, async (client) => {
    for (const giveUp = Date.now() + LIMIT_MS; Date.now() < giveUp; await pause(POLL_MS, undefined, { signal })) {
      const { rows } = await client.query<{ empty: boolean }>('SELECT NOT EXISTS (SELECT FROM outbox) AS empty');
      if (rows[0]?.empty) return;
    }
    throw new Error(`the outbox of ${new URL(url).username} is not empty after ${LIMIT_MS / 60_000} minutes`);
  });
