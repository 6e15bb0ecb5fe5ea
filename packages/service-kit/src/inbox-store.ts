import type { Message } from '@saga/messages/message';
import type { Sql, Transaction } from './database.ts';
import type { Inbox, InboxEntry } from './fold.ts';
import { documentsIn, jsonSequence } from './json-sequence.ts';

/** What a participant has handled. Both methods run inside the transaction of the effect. */
export interface InboxStore {
  /** The inbox rows of these messages and of the actions that they undo, not locked, and the database's clock (trap 16). */
  load(sql: Sql, messages: readonly Message[]): Promise<{ now: Date; inbox: Inbox }>;
  /**
   * Plain inserts in id order, never where there is none yet: another replica's uncommitted row cannot be seen, so the
   * commit fails with a unique violation, which must undo and repeat the whole batch (trap 25).
   */
  insert(sql: Transaction, handled: ReadonlyMap<string, InboxEntry>): void;
}

const LOAD = `
  SELECT clock_timestamp() AS now,
         coalesce((SELECT json_object_agg(id, replies) FROM inbox WHERE id = ANY($1::uuid[])), '{}') AS inbox`;

const INSERT = `
  INSERT INTO inbox (id, replies)
  SELECT id, replies::json FROM ROWS FROM (unnest($1::uuid[]), ${documentsIn('$2')}) AS handled (id, replies)
  ORDER BY id`;

export const postgresInbox: InboxStore = {
  load: async (sql, messages) => {
    const [row] = await sql.query<{ now: Date; inbox: Record<string, Message[] | null> }>(LOAD, [idsOf(messages)]);
    if (!row) throw new Error('the inbox gave no answer');
    const entries = Object.entries(row.inbox).map(([id, replies]): [string, InboxEntry] => [
      id,
      replies === null ? 'fenced' : { replies },
    ]);
    return { now: row.now, inbox: new Map(entries) };
  },
  insert: (sql, handled) => {
    if (handled.size === 0) return;
    const replies = [...handled.values()].map((entry) => (entry === 'fenced' ? null : entry.replies));
    sql.send(INSERT, [[...handled.keys()], jsonSequence(replies)]);
  },
};

/** Under which ids the inbox is to be asked for these messages. */
export const idsOf = (messages: readonly Message[]): string[] =>
  messages.flatMap(({ envelope }) => (envelope.actionId ? [envelope.id, envelope.actionId] : [envelope.id]));
