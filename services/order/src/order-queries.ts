import { failure } from '@saga/messages/reasons';
import { orderItems, sagaName, shipTo } from '@saga/messages/values';
import type { PrismaClient, Order as StoredOrder } from '@saga/prisma/order';
import type { Sql } from '@saga/service-kit/database';
import { z } from 'zod';
import { type Order, orderStatuses } from './domain.ts';
import { ORDER_COLUMNS, type OrderRow, orderOf } from './store.ts';

const FIND_ORDER = `SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = $1::uuid`;

/** Without a lock. A raw statement: every order that is placed is asked for at least once. */
export async function findOrder(sql: Sql, orderId: string): Promise<Order | undefined> {
  const [row] = await sql.query<OrderRow>(FIND_ORDER, [orderId]);
  return row && orderOf(row);
}

const FIND_ENDED = `
  SELECT order_id AS "orderId" FROM orders WHERE order_id = ANY($1::uuid[]) AND status <> 'PENDING'`;

/** Which of these orders have ended. */
export async function findEnded(sql: Sql, orderIds: readonly string[]): Promise<string[]> {
  const rows = await sql.query<{ orderId: string }>(FIND_ENDED, [orderIds]);
  return rows.map((row) => row.orderId);
}

const FIND_USER = `SELECT user_id AS "userId" FROM accounts WHERE public_id = $1 ORDER BY user_id LIMIT 1`;

export async function findUser(sql: Sql, publicId: string): Promise<number | undefined> {
  const [account] = await sql.query<{ userId: number }>(FIND_USER, [publicId]);
  return account?.userId;
}

export type OrderFilter = {
  userId?: number | undefined;
  status?: Order['status'] | undefined;
  /** The order after which the page begins. */
  cursor?: string | undefined;
};

/** Newest first: an order's id tells its time. */
export async function listOrders(
  prisma: PrismaClient,
  { userId, status, cursor }: OrderFilter,
  limit: number,
): Promise<Order[]> {
  const rows = await prisma.order.findMany({
    where: { userId, status, orderId: { lt: cursor } },
    orderBy: { orderId: 'desc' },
    take: limit,
  });
  return rows.map((row) => orderOf(rowOf(row)));
}

const status = z.enum(orderStatuses);

/** Prisma gives bigints, and JSON and words as anything. */
const rowOf = (stored: StoredOrder): OrderRow => ({
  ...stored,
  saga: sagaName.parse(stored.saga),
  userId: Number(stored.userId),
  items: orderItems.parse(stored.items),
  couponId: stored.couponId === null ? null : Number(stored.couponId),
  totalAmount: Number(stored.totalAmount),
  discountAmount: Number(stored.discountAmount),
  finalAmount: Number(stored.finalAmount),
  shipTo: shipTo.nullable().parse(stored.shipTo),
  status: status.parse(stored.status),
  cancelReason: failure.nullable().parse(stored.cancelReason),
});
