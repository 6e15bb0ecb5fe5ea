import { orderActionId } from '@saga/messages/ids';
import type { ClaimPending, DueOrder } from '@saga/order/claim-pending';
import type { OrderTables as Folded, Order } from '@saga/order/domain';
import type { StoredAnswer } from '@saga/order/place-orders';
import type { PlacementStore } from '@saga/order/placement-store';
import type { Account, Coupon, Product } from '@saga/order/read-models';
import type { Sql } from '@saga/service-kit/database';
import type { Participant } from '@saga/service-kit/participant';
import { inOrder, type MemoryTable, send, statement } from '../memory-database/memory-database.ts';
import type { InboxTable } from './inbox.ts';
import type { OutboxTable } from './outbox.ts';

/** `announceAt` in milliseconds, null: never again. */
export type OrderEntry = { order: Order; announcements: number; announceAt: number | null };

export type OrderTables = {
  orders: MemoryTable<OrderEntry>;
  products: MemoryTable<Product>;
  accounts: MemoryTable<Account>;
  coupons: MemoryTable<Coupon>;
  answers: MemoryTable<StoredAnswer>;
  inbox: InboxTable;
  outbox: OutboxTable;
};

const DAY_MS = 24 * 60 * 60 * 1_000;

/** As services/order/src/store.ts. */
export const memoryOrders = (tables: OrderTables): Pick<Participant<Folded>, 'load' | 'save'> => ({
  load: async (sql, messages) => {
    const ended = messages.flatMap(({ topic, key }) =>
      topic === 'complete-order-command' || topic === 'cancel-order-command' ? key : [],
    );
    const entries = await statement(sql, (rows) => rows.lock(tables.orders, ended));
    return {
      orders: new Map([...entries].map(([id, { order }]) => [id, order])),
      products: new Map(),
      accounts: new Map(),
      coupons: new Map(),
    };
  },
  save: (sql, changes) => {
    send(sql, async (rows) => {
      for (const order of changes.orders)
        await rows.update(tables.orders, order.orderId, (old) => ({ ...old, order, announceAt: null }));
    });
    send(sql, (rows) => rows.upsertAll(tables.products, changes.products, (row) => row.productId, newer));
    send(sql, (rows) => rows.upsertAll(tables.accounts, changes.accounts, (row) => row.userId, newer));
    send(sql, (rows) => rows.upsertAll(tables.coupons, changes.coupons, (row) => row.couponId, newer));
  },
});

const newer = <Row extends { version: number }>(row: Row, old: Row | undefined): Row =>
  old !== undefined && old.version >= row.version ? old : row;

/** As services/order/src/placement-store.ts. */
export const memoryPlacements = (tables: OrderTables): PlacementStore => ({
  loadCatalogue: (sql, placements) =>
    statement(sql, (rows) => {
      const requests = placements.map(({ request }) => request);
      const found = <Row>(table: MemoryTable<Row>, keys: readonly number[]) =>
        new Map(
          keys.flatMap((key): [number, Row][] => {
            const row = rows.get(table, key);
            return row === undefined ? [] : [[key, row]];
          }),
        );
      return {
        products: found(
          tables.products,
          requests.flatMap(({ items }) => items.map((item) => item.productId)),
        ),
        accounts: found(
          tables.accounts,
          requests.map(({ userId }) => userId),
        ),
        coupons: found(
          tables.coupons,
          requests.flatMap(({ couponId }) => couponId ?? []),
        ),
      };
    }),
  loadAnswers: (sql, placements) =>
    statement(sql, (rows) => placements.flatMap(({ once }) => (once && rows.get(tables.answers, once.key)) ?? [])),
  loadCommitted: (sql, placements) =>
    statement(sql, (rows) => placements.flatMap(({ orderId }) => rows.get(tables.orders, orderId)?.order ?? [])),
  insertOrders: async (sql, { orders, answers }, announceAfterMs) => {
    await Promise.all([
      statement(sql, async (rows) => {
        const byId = new Map(orders.map((order) => [order.orderId, order]));
        const announceAt = rows.now + announceAfterMs;
        for (const [id, order] of byId) await rows.insert(tables.orders, id, { order, announcements: 1, announceAt });
        for (const id of inOrder([...byId.keys()].map(orderActionId))) await rows.insert(tables.inbox, id, '[]');
      }),
      statement(sql, async (rows) => {
        for (const answer of answers.toSorted((a, b) => (a.key < b.key ? -1 : 1)))
          await rows.insert(tables.answers, answer.key, answer);
      }),
    ]);
  },
});

/** As services/order/src/claim-pending.ts. */
export const memoryClaimPending =
  (tables: OrderTables): ClaimPending =>
  (sql, { limit, firstPauseMs, longestPauseMs, maxAgeDays }) =>
    statement(sql, async (rows) => {
      const unsent = new Set(rows.all(tables.outbox).map(([, { message }]) => message.key));
      const due = rows
        .all(tables.orders)
        .map(([, entry]) => entry)
        .filter(({ announceAt }) => announceAt !== null && announceAt <= rows.now)
        .sort((a, b) => (a.announceAt ?? 0) - (b.announceAt ?? 0))
        .filter(({ order }) => rows.tryLock(tables.orders, order.orderId))
        .slice(0, limit);
      const claimed: DueOrder[] = [];
      for (const { order, announcements } of due) {
        const expires = order.createdAt.getTime() + maxAgeDays * DAY_MS;
        const isUnsent = unsent.has(order.orderId);
        const isAnnounced = !isUnsent && expires > rows.now;
        const pauseMs = isUnsent ? firstPauseMs : Math.min(firstPauseMs * 2 ** announcements, longestPauseMs);
        const next = rows.now + pauseMs;
        const counted = announcements + (isAnnounced ? 1 : 0);
        await rows.update(tables.orders, order.orderId, (old) => ({
          ...old,
          announcements: counted,
          announceAt: next < expires ? next : null,
        }));
        if (isAnnounced) claimed.push({ ...rowOf(order), announcements: counted });
      }
      return claimed;
    });

const rowOf = (order: Order) => ({ cancelReason: null, paymentId: null, deliveryId: null, endedAt: null, ...order });

/** As `findOrder` of services/order/src/order-queries.ts. */
export const memoryFindOrder =
  (tables: OrderTables) =>
  (sql: Sql, orderId: string): Promise<Order | undefined> =>
    statement(sql, (rows) => rows.get(tables.orders, orderId)?.order);
