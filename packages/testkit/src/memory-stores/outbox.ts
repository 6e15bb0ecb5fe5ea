import type { WireMessage } from '@saga/messages/codec';
import { isStateTopic } from '@saga/messages/topics';
import type { OutboxStore } from '@saga/service-kit/outbox-store';
import { type MemoryTable, statement } from '../memory-database/memory-database.ts';

export type OutboxTable = MemoryTable<{ id: number; message: WireMessage; createdAt: number }>;

export const memoryOutbox = (table: OutboxTable): OutboxStore => ({
  insert: (sql, messages) =>
    statement(sql, async (rows) => {
      const inserted = messages.map((message) => ({ id: rows.nextId(), message, createdAt: rows.now }));
      for (const row of inserted) await rows.insert(table, row.id, row);
      return inserted;
    }),
  delete: (sql, ids) =>
    statement(sql, async (rows) => {
      for (const id of ids) await rows.delete(table, id);
    }),
  claim: (sql, { olderThanMs, limit, except }) =>
    statement(sql, (rows) =>
      rows
        .all(table)
        .map(([, row]) => row)
        .filter(({ createdAt, message }) => createdAt < rows.now - olderThanMs && !isState(message))
        .filter(({ message }) => !except.includes(message.topic))
        .sort((a, b) => a.id - b.id)
        .filter(({ id }) => rows.tryLock(table, id))
        .slice(0, limit),
    ),
  claimStates: (sql, { limit, except }) =>
    statement(sql, (rows) => {
      const states = rows
        .all(table)
        .map(([, row]) => row)
        .filter(({ message }) => isState(message) && !except.includes(message.topic))
        .sort((a, b) => a.id - b.id)
        .slice(0, limit);
      return states.every(({ id }) => rows.tryLock(table, id)) ? states : [];
    }),
  count: (sql, limit) => statement(sql, (rows) => Math.min(rows.all(table).length, limit)),
});

const isState = ({ topic }: WireMessage): boolean => isStateTopic(topic);
