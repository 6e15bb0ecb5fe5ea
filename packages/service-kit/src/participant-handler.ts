import type { Message } from '@saga/messages/message';
import type { Database, Sql, Transaction } from './database.ts';
import type { DeliveryHandler } from './delivery.ts';
import { failedReply, fold, type InboxEntry, topicsOf } from './fold.ts';
import type { Participant } from './participant.ts';

/** Carries a participant's fold out on PostgreSQL: one transaction per batch. */
export function participantHandler<Tables>(participant: Participant<Tables>, database: Database): DeliveryHandler {
  return {
    topics: topicsOf(participant),
    handle: (deliveries) =>
      database.transaction(async (sql) => {
        const messages = deliveries.map((delivery) => delivery.message);
        const [{ now, inbox }, rows] = await Promise.all([loadInbox(sql, messages), participant.load(sql, messages)]);
        const { changes, handled, publish } = fold(participant, inbox, rows, messages, now);
        participant.save(sql, changes);
        insertInbox(sql, handled);
        return { publish, dead: [] };
      }),
    failed: (delivery, reason) => failedReply(participant.service, delivery.message, reason, new Date()),
  };
}

const LOAD_INBOX = `
  SELECT clock_timestamp() AS now,
         coalesce((SELECT json_object_agg(id, replies) FROM inbox WHERE id = ANY($1::uuid[])), '{}') AS inbox`;

/** The inbox rows of these messages and of the actions that they undo, and the database's clock (trap 16). */
async function loadInbox(
  sql: Sql,
  messages: readonly Message[],
): Promise<{ now: Date; inbox: Map<string, InboxEntry> }> {
  const ids = messages.flatMap(({ envelope }) =>
    envelope.actionId ? [envelope.id, envelope.actionId] : [envelope.id],
  );
  const [row] = await sql.query<{ now: Date; inbox: Record<string, Message[] | null> }>(LOAD_INBOX, [ids]);
  if (!row) throw new Error('the inbox gave no answer');
  const entries = Object.entries(row.inbox).map(([id, replies]): [string, InboxEntry] => [
    id,
    replies === null ? 'fenced' : { replies },
  ]);
  return { now: row.now, inbox: new Map(entries) };
}

const INSERT_INBOX = `
  INSERT INTO inbox (id, replies)
  SELECT id, replies FROM unnest($1::uuid[], $2::json[]) AS handled (id, replies) ORDER BY id`;

/**
 * Plain inserts in id order, never ON CONFLICT: another replica's uncommitted row cannot be seen, so a unique
 * violation must undo and repeat the whole batch (trap 25).
 */
function insertInbox(sql: Transaction, handled: ReadonlyMap<string, InboxEntry>): void {
  if (handled.size === 0) return;
  const replies = [...handled.values()].map((entry) => (entry === 'fenced' ? null : JSON.stringify(entry.replies)));
  sql.send(INSERT_INBOX, [[...handled.keys()], replies]);
}
