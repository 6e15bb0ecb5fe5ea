import type { Message } from '@saga/messages/message';
import type { Failure } from '@saga/messages/reasons';
import type { Sql, Transaction } from '@saga/service-kit/database';
import { byKey, type Rows, rowsOf } from '@saga/service-kit/participant';
import type { Order, OrderState, OrderTables, OrderTerms } from './domain.ts';

/** An order as it lies in its table. */
export type OrderRow = OrderTerms & {
  status: Order['status'];
  cancelReason: Failure | null;
  paymentId: string | null;
  deliveryId: string | null;
  endedAt: Date | null;
};

export const ORDER_COLUMNS = `
  order_id AS "orderId", saga, user_id AS "userId", items, coupon_id AS "couponId", total_amount AS "totalAmount",
  discount_amount AS "discountAmount", final_amount AS "finalAmount", ship_to AS "shipTo", traceparent,
  created_at AS "createdAt", status, cancel_reason AS "cancelReason", payment_id AS "paymentId",
  delivery_id AS "deliveryId", ended_at AS "endedAt"`;

const LOAD_ORDERS = `
  SELECT ${ORDER_COLUMNS} FROM orders WHERE order_id = ANY($1::uuid[]) ORDER BY order_id FOR UPDATE`;

/**
 * Locks the orders that are completed or cancelled, in key order. Of the read models nothing is loaded: SAVE_PRODUCTS
 * and its like compare versions with what is stored.
 */
export async function loadOrders(sql: Sql, messages: readonly Message[]): Promise<Rows<OrderTables>> {
  const ended = messages.flatMap((message) =>
    message.topic === 'complete-order-command' || message.topic === 'cancel-order-command' ? message.body.orderId : [],
  );
  const rows = await rowsOf<OrderRow>(sql, LOAD_ORDERS, ended);
  return {
    orders: byKey(rows.map(orderOf), (order) => order.orderId),
    products: new Map(),
    accounts: new Map(),
    coupons: new Map(),
  };
}

/** From the table's nullable columns to what a status really has. */
export function orderOf({ status, cancelReason, paymentId, deliveryId, endedAt, ...terms }: OrderRow): Order {
  return { ...terms, ...stateOf() };

  function stateOf(): OrderState {
    if (status === 'PENDING') return { status };
    if (endedAt === null) throw new Error(`order ${terms.orderId} is ${status} but has no end`);
    if (status === 'COMPLETED') return { status, paymentId, deliveryId, endedAt };
    if (cancelReason === null) throw new Error(`order ${terms.orderId} is ${status} for no reason`);
    return { status, cancelReason, endedAt };
  }
}

/** An order that has ended is not announced again: `announce_at` is cleared. */
const SAVE_ORDERS = `
  UPDATE orders
  SET status = changed.status, cancel_reason = changed."cancelReason", payment_id = changed."paymentId",
      delivery_id = changed."deliveryId", ended_at = changed."endedAt", announce_at = NULL
  FROM json_to_recordset($1::json)
    AS changed ("orderId" uuid, status text, "cancelReason" json, "paymentId" uuid, "deliveryId" uuid,
                "endedAt" timestamptz)
  WHERE orders.order_id = changed."orderId" AND orders.order_id = ANY($2::uuid[])`;

const SAVE_PRODUCTS = `
  INSERT INTO products (product_id, price, version)
  SELECT "productId", price, version
  FROM json_to_recordset($1::json) AS changed ("productId" bigint, price bigint, version bigint)
  ORDER BY "productId"
  ON CONFLICT (product_id) DO UPDATE SET price = excluded.price, version = excluded.version
  WHERE products.version < excluded.version`;

const SAVE_ACCOUNTS = `
  INSERT INTO accounts (user_id, public_id, version)
  SELECT "userId", "publicId", version
  FROM json_to_recordset($1::json) AS changed ("userId" bigint, "publicId" text, version bigint)
  ORDER BY "userId"
  ON CONFLICT (user_id) DO UPDATE SET public_id = excluded.public_id, version = excluded.version
  WHERE accounts.version < excluded.version`;

const SAVE_COUPONS = `
  INSERT INTO coupons (coupon_id, user_id, discount_amount, version)
  SELECT "couponId", "userId", "discountAmount", version
  FROM json_to_recordset($1::json)
    AS changed ("couponId" bigint, "userId" bigint, "discountAmount" bigint, version bigint)
  ORDER BY "couponId"
  ON CONFLICT (coupon_id) DO UPDATE
  SET user_id = excluded.user_id, discount_amount = excluded.discount_amount, version = excluded.version
  WHERE coupons.version < excluded.version`;

export function saveOrders(
  sql: Transaction,
  { orders, products, accounts, coupons }: { readonly [Table in keyof OrderTables]: readonly OrderTables[Table][] },
): void {
  if (orders.length > 0) sql.send(SAVE_ORDERS, [JSON.stringify(orders), orders.map(({ orderId }) => orderId)]);
  if (products.length > 0) sql.send(SAVE_PRODUCTS, [JSON.stringify(products)]);
  if (accounts.length > 0) sql.send(SAVE_ACCOUNTS, [JSON.stringify(accounts)]);
  if (coupons.length > 0) sql.send(SAVE_COUPONS, [JSON.stringify(coupons)]);
}
