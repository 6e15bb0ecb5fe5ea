import type { Delivery, Shipping, UnservedArea } from '@saga/delivery/domain';
import type { Participant } from '@saga/service-kit/participant';
import { type MemoryTable, send, statement } from '../memory-database/memory-database.ts';

export type ShippingTables = { deliveries: MemoryTable<Delivery>; unservedAreas: MemoryTable<UnservedArea> };

/** As services/delivery/src/store.ts. */
export const memoryShipping = ({
  deliveries,
  unservedAreas,
}: ShippingTables): Pick<Participant<Shipping>, 'load' | 'save'> => ({
  load: async (sql, messages) => {
    const undone = messages.flatMap(({ envelope }) => envelope.actionId ?? []);
    const [locked, areas] = await Promise.all([
      statement(sql, (rows) => rows.lock(deliveries, undone)),
      statement(sql, (rows) => new Map(rows.all(unservedAreas))),
    ]);
    return { deliveries: locked, unservedAreas: areas };
  },
  save: (sql, changes) => send(sql, (rows) => rows.upsertAll(deliveries, changes.deliveries, (row) => row.deliveryId)),
});
