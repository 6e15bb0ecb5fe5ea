import type { Message } from '@saga/messages/message';
import type { InboxEntry } from '@saga/service-kit/fold';
import { type InboxStore, idsOf } from '@saga/service-kit/inbox-store';
import { inOrder, type MemoryTable, send, statement } from '../memory-database/memory-database.ts';

/** The replies as text, as a JSON column keeps them; null: fenced. */
export type InboxTable = MemoryTable<string | null>;

export const memoryInbox = (table: InboxTable): InboxStore => ({
  load: (sql, messages) =>
    statement(sql, (rows) => {
      const inbox = new Map<string, InboxEntry>();
      for (const id of idsOf(messages)) {
        const replies = rows.get(table, id);
        if (replies !== undefined) inbox.set(id, replies === null ? 'fenced' : { replies: repliesOf(replies) });
      }
      return { now: new Date(rows.now), inbox };
    }),
  insert: (sql, handled) =>
    send(sql, async (rows) => {
      for (const id of inOrder(handled.keys())) {
        const entry = handled.get(String(id));
        await rows.insert(table, id, entry === undefined || entry === 'fenced' ? null : JSON.stringify(entry.replies));
      }
    }),
});

const repliesOf = (text: string): Message[] => JSON.parse(text) as Message[];
