import type { Product, Reservation, Stock } from '@saga/product/domain';
import type { Participant } from '@saga/service-kit/participant';
import { type MemoryTable, send, statement } from '../memory-database/memory-database.ts';

export type StockTables = { products: MemoryTable<Product>; reservations: MemoryTable<Reservation> };

/** As services/product/src/store.ts. */
export const memoryStock = ({ products, reservations }: StockTables): Pick<Participant<Stock>, 'load' | 'save'> => ({
  load: async (sql, messages) => {
    const undone = new Set(messages.flatMap(({ envelope }) => envelope.actionId ?? []));
    const settled = new Set(messages.flatMap(({ topic, key }) => (topic === 'order-processed' ? key : [])));
    const ordered = messages.flatMap((message) =>
      message.topic === 'decrease-product-command' ? message.body.items.map((item) => item.productId) : [],
    );
    const isConcerned = ({ actionId, orderId }: Reservation) => undone.has(actionId) || settled.has(orderId);
    const [lockedReservations, lockedProducts] = await Promise.all([
      statement(sql, (rows) =>
        rows.lock(
          reservations,
          rows.all(reservations).flatMap(([id, row]) => (isConcerned(row) ? id : [])),
        ),
      ),
      statement(sql, (rows) => {
        const reserved = rows.all(reservations).flatMap(([, row]) => (isConcerned(row) ? row.items : []));
        return rows.lock(products, [...ordered, ...reserved.map((item) => item.productId)]);
      }),
    ]);
    return { products: lockedProducts, reservations: lockedReservations };
  },
  save: (sql, changes) => {
    send(sql, (rows) => rows.upsertAll(reservations, changes.reservations, (row) => row.actionId));
    send(sql, (rows) => rows.upsertAll(products, changes.products, (row) => row.productId));
  },
});
