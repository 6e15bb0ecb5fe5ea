import type { Message } from '@saga/messages/message';
import type { Sql } from '@saga/service-kit/database';
import { drawId } from '@saga/service-kit/draw-id';
import type { Outbox } from '@saga/service-kit/outbox';
import { conflict, notFound } from '@saga/service-kit/problem';
import { stateChange } from '@saga/service-kit/state-change';
import type { ProductView } from './product-view.ts';

export type NewProduct = { productId?: number | undefined; name: string; price: number; stock: number };
export type ProductChange = { name?: string | undefined; price?: number | undefined };

/** A product and how often it has been changed. */
type Catalogued = ProductView & { version: number };

/** Without an id, the next of the sequence that nobody has chosen; nothing where the id is taken. */
const ADD = `
  WITH RECURSIVE drawn (id) AS (
    SELECT nextval('products_product_id_seq') WHERE $1::bigint IS NULL
    UNION ALL
    SELECT nextval('products_product_id_seq') FROM drawn
    WHERE EXISTS (SELECT FROM products WHERE product_id = drawn.id))
  INSERT INTO products (product_id, name, price, available, added)
  SELECT coalesce($1, (SELECT max(id) FROM drawn)), $2, $3, $4, $4
  ON CONFLICT (product_id) DO NOTHING
  RETURNING product_id AS "productId", name, price, available, reserved, sold, version`;

/**
 * Adds a product and tells the others.
 *
 * @throws Problem 409 where there is one with this id.
 */
export const addProduct = (outbox: Outbox, product: NewProduct, traceparent: string): Promise<ProductView> =>
  outbox.transaction(async (sql) => {
    const added = await insert(sql, product);
    return { result: added, messages: [productChanged(added, traceparent)] };
  });

const insert = (sql: Sql, { productId, name, price, stock }: NewProduct): Promise<Catalogued> =>
  drawId(async () => {
    const [added] = await sql.query<Catalogued>(ADD, [productId ?? null, name, price, stock]);
    if (!added && productId !== undefined) throw conflict('DUPLICATE_ID', `there is a product ${productId}`);
    return added;
  });

const CHANGE = `
  UPDATE products SET name = coalesce($2, name), price = coalesce($3, price), version = version + 1
  WHERE product_id = $1 AND (name, price) IS DISTINCT FROM (coalesce($2, name), coalesce($3, price))
  RETURNING product_id AS "productId", name, price, available, reserved, sold, version`;

const FIND = `
  SELECT product_id AS "productId", name, price, available, reserved, sold FROM products WHERE product_id = $1`;

/**
 * Changes what a product is called or costs, and tells the others, unless it is so already. Orders placed at the old price are refused from
 * now on (PRICE_CHANGED); what is reserved stays reserved.
 *
 * @throws Problem 404 where there is none.
 */
export const changeProduct = (
  outbox: Outbox,
  productId: number,
  { name, price }: ProductChange,
  traceparent: string,
): Promise<ProductView> =>
  outbox.transaction(async (sql) => {
    const [changed] = await sql.query<Catalogued>(CHANGE, [productId, name ?? null, price ?? null]);
    if (changed) return { result: changed, messages: [productChanged(changed, traceparent)] };
    const [unchanged] = await sql.query<ProductView>(FIND, [productId]);
    if (!unchanged) throw notFound(`there is no product ${productId}`);
    return { result: unchanged, messages: [] };
  });

const productChanged = (product: Catalogued, traceparent: string): Message<'product-changed'> => {
  const { productId, name, price, version } = product;
  const body = { productId, name, price, version };
  return stateChange({ service: 'product', topic: 'product-changed', key: String(productId), body, traceparent });
};
