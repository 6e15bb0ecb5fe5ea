import type { Message } from '@saga/messages/message';
import type { Sql, Transaction } from '@saga/service-kit/database';
import { byKey, type Rows, rowsOf } from '@saga/service-kit/participant';
import type { Product, Reservation, Stock } from './domain.ts';

/** One key after the other: with OR the plan for a small table is to look at each row of it. */
const LOAD_RESERVATIONS = `
  SELECT action_id AS "actionId", order_id AS "orderId", items, status
  FROM reservations
  WHERE action_id = ANY(ARRAY(
    SELECT unnest($1::uuid[])
    UNION
    SELECT action_id FROM reservations WHERE order_id = ANY($2::uuid[])))
  ORDER BY action_id FOR UPDATE`;

/** The products that are ordered, and those of the reservations that are undone or settled. */
const LOAD_PRODUCTS = `
  SELECT product_id AS "productId", price, available, reserved, sold
  FROM products
  WHERE product_id = ANY(ARRAY(
    SELECT unnest($1::bigint[])
    UNION
    SELECT (item ->> 'productId')::bigint
    FROM reservations, json_array_elements(items) AS item WHERE action_id = ANY($2::uuid[])
    UNION
    SELECT (item ->> 'productId')::bigint
    FROM reservations, json_array_elements(items) AS item WHERE order_id = ANY($3::uuid[])))
  ORDER BY product_id FOR UPDATE`;

/** Locks reservations, then products, each in key order: as everywhere in this service (trap 13). */
export async function loadStock(sql: Sql, messages: readonly Message[]): Promise<Rows<Stock>> {
  const undone = messages.flatMap(({ envelope }) => envelope.actionId ?? []);
  const settled = messages.flatMap((message) => (message.topic === 'order-processed' ? message.body.orderId : []));
  const ordered = messages.flatMap((message) =>
    message.topic === 'decrease-product-command' ? message.body.items.map((item) => item.productId) : [],
  );
  const [reservations, products] = await Promise.all([
    rowsOf<Reservation>(sql, LOAD_RESERVATIONS, undone, settled),
    rowsOf<Product>(sql, LOAD_PRODUCTS, ordered, undone, settled),
  ]);
  return {
    reservations: byKey(reservations, (reservation) => reservation.actionId),
    products: byKey(products, (product) => product.productId),
  };
}

const SAVE_RESERVATIONS = `
  INSERT INTO reservations (action_id, order_id, items, status)
  SELECT "actionId", "orderId", items, status
  FROM json_to_recordset($1::json) AS changed ("actionId" uuid, "orderId" uuid, items json, status text)
  ORDER BY "actionId"
  ON CONFLICT (action_id) DO UPDATE SET status = excluded.status`;

const SAVE_PRODUCTS = `
  UPDATE products SET available = changed.available, reserved = changed.reserved, sold = changed.sold
  FROM json_to_recordset($1::json) AS changed ("productId" bigint, available bigint, reserved bigint, sold bigint)
  WHERE products.product_id = changed."productId" AND products.product_id = ANY($2::bigint[])`;

export function saveStock(
  sql: Transaction,
  { reservations, products }: { reservations: readonly Reservation[]; products: readonly Product[] },
): void {
  if (reservations.length > 0) sql.send(SAVE_RESERVATIONS, [JSON.stringify(reservations)]);
  if (products.length > 0)
    sql.send(SAVE_PRODUCTS, [JSON.stringify(products), products.map(({ productId }) => productId)]);
}
