import type { Broker } from '@saga/service-kit/broker';
import type { Database } from '@saga/service-kit/database';
import type { DeadLetterStore } from './dead-letters.ts';
import { outgoing } from './original.ts';

/** Each may be half a megabyte: so many are in memory at a time. */
const CHUNK = 20;

export type PublishRedrivenOptions = {
  store: Pick<DeadLetterStore, 'claimRedriving' | 'setRedriven'>;
  database: Database;
  broker: Pick<Broker, 'publish'>;
};

/**
 * Publishes what operators have decided to redrive, until there is no more of it: at once, and after a crash or an
 * outage when it is over. The rows are the outbox of their own bytes (docs/adr/0016). Whatever is published twice is
 * absorbed by the inboxes, as any message that is delivered twice.
 */
export async function publishRedriven(options: PublishRedrivenOptions, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted && (await publishChunk(options)) === CHUNK);
}

const publishChunk = ({ store, database, broker }: PublishRedrivenOptions): Promise<number> =>
  database.transaction(async (sql) => {
    const letters = await store.claimRedriving(sql, CHUNK);
    if (letters.length === 0) return 0;
    await broker.publish(letters.map(({ topic, ...original }) => outgoing(topic, original)));
    store.setRedriven(
      sql,
      letters.map(({ id }) => id),
    );
    return letters.length;
  });
