import type { Database } from './database.ts';
import type { DeliveryHandler } from './delivery.ts';
import { failedReply, fold, topicsOf } from './fold.ts';
import { type InboxStore, postgresInbox } from './inbox-store.ts';
import type { Participant } from './participant.ts';

/** Carries a participant's fold out: one transaction per batch. */
export function participantHandler<Tables>(
  participant: Participant<Tables>,
  database: Database,
  inboxStore: InboxStore = postgresInbox,
): DeliveryHandler {
  return {
    topics: topicsOf(participant),
    // Orders share rows here (a product, an account): two batches would wait for each other's locks.
    lanes: 1,
    handle: (deliveries) =>
      database.transaction(async (sql) => {
        const messages = deliveries.map((delivery) => delivery.message);
        const [{ now, inbox }, rows] = await Promise.all([
          inboxStore.load(sql, messages),
          participant.load(sql, messages),
        ]);
        const { changes, handled, publish } = fold(participant, inbox, rows, messages, now);
        participant.save(sql, changes);
        inboxStore.insert(sql, handled);
        return { publish, dead: [], left: [] };
      }),
    failed: (delivery, reason, now) => failedReply(participant.service, delivery.message, reason, now),
  };
}
