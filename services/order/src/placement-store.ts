import { orderActionId } from '@saga/messages/ids';
import { amount, sagaName, uuid } from '@saga/messages/values';
import type { Sql } from '@saga/service-kit/database';
import type { Once } from '@saga/service-kit/idempotency';
import { rowsOf } from '@saga/service-kit/participant';
import { z } from 'zod';
import type { Order } from './domain.ts';
import type { Catalogue } from './place-order.ts';
import type { PlacedOrder, Placement, StoredAnswer } from './place-orders.ts';
import type { Account, Coupon, Product } from './read-models.ts';

/** What placing orders reads and writes, inside the caller's transaction. */
export interface PlacementStore {
  /** What these requests name, without locks. */
  loadCatalogue(sql: Sql, placements: readonly Placement[]): Promise<Catalogue>;
  /** The answers that stand under the keys of these requests. */
  loadAnswers(sql: Sql, placements: readonly Placement[]): Promise<StoredAnswer[]>;
  /** Which of these orders stand already, though an earlier try looked like a failure. */
  loadCommitted(sql: Sql, placements: readonly Placement[]): Promise<PlacedOrder[]>;
  /**
   * The orders, with each the inbox row of its own creation, and the answers. `announceAfterMs` from now, by the
   * database's clock, an order that is still pending is announced again.
   *
   * @throws a unique violation where another replica answers under one of the keys.
   */
  insertOrders(
    sql: Sql,
    placed: { orders: readonly Order[]; answers: readonly StoredAnswer[] },
    announceAfterMs: number,
  ): Promise<void>;
}

const LOAD_PRODUCTS = `
  SELECT product_id AS "productId", price, version FROM products WHERE product_id = ANY($1::bigint[])`;

const LOAD_ACCOUNTS = `
  SELECT user_id AS "userId", public_id AS "publicId", version FROM accounts WHERE user_id = ANY($1::bigint[])`;

const LOAD_COUPONS = `
  SELECT coupon_id AS "couponId", user_id AS "userId", discount_amount AS "discountAmount", version
  FROM coupons WHERE coupon_id = ANY($1::bigint[])`;

/** Loads what a batch of requests names, without locks: the saga checks prices and coupons once more, where they lie. */
async function loadCatalogue(sql: Sql, placements: readonly Placement[]): Promise<Catalogue> {
  const requests = placements.map((placement) => placement.request);
  const couponIds = requests.flatMap((request) => request.couponId ?? []);
  const [products, accounts, coupons] = await Promise.all([
    sql.query<Product>(LOAD_PRODUCTS, [requests.flatMap(({ items }) => items.map((item) => item.productId))]),
    sql.query<Account>(LOAD_ACCOUNTS, [requests.map((request) => request.userId)]),
    rowsOf<Coupon>(sql, LOAD_COUPONS, couponIds),
  ]);
  return {
    products: new Map(products.map((product) => [product.productId, product])),
    accounts: new Map(accounts.map((account) => [account.userId, account])),
    coupons: new Map(coupons.map((coupon) => [coupon.couponId, coupon])),
  };
}

const LOAD_ANSWERS = `
  SELECT scope, key, kept.request_hash AS "requestHash", kept.response
  FROM (SELECT DISTINCT scope, key FROM unnest($1::text[], $2::text[]) AS asked (scope, key)) AS asked
  CROSS JOIN LATERAL (
    SELECT request_hash, response FROM idempotency WHERE scope = asked.scope AND key = asked.key LIMIT 1) AS kept`;

const storedOrder = z.object({
  orderId: uuid,
  saga: sagaName,
  totalAmount: amount,
  discountAmount: amount,
  finalAmount: amount,
});

async function loadAnswers(sql: Sql, placements: readonly Placement[]): Promise<StoredAnswer[]> {
  const asked = placements.flatMap(({ once }) => once ?? []);
  if (asked.length === 0) return [];
  const rows = await sql.query<Once & { response: string }>(LOAD_ANSWERS, [
    asked.map((once) => once.scope),
    asked.map((once) => once.key),
  ]);
  return rows.map(({ response, ...once }) => ({ ...once, order: storedOrder.parse(JSON.parse(response)) }));
}

const LOAD_COMMITTED = `
  SELECT order_id AS "orderId", saga, total_amount AS "totalAmount", discount_amount AS "discountAmount",
         final_amount AS "finalAmount"
  FROM orders WHERE order_id = ANY($1::uuid[])`;

const loadCommitted = (sql: Sql, placements: readonly Placement[]): Promise<PlacedOrder[]> =>
  sql.query<PlacedOrder>(LOAD_COMMITTED, [placements.map((placement) => placement.orderId)]);

/**
 * The orders, and with each the inbox row of its own creation: step zero has succeeded, its compensation finds it.
 * Plain inserts in id order, as everywhere: a unique violation must undo and repeat the whole batch (trap 25).
 */
const INSERT_ORDERS = `
  WITH placed AS (
    INSERT INTO orders (order_id, saga, user_id, items, coupon_id, total_amount, discount_amount, final_amount, ship_to,
                        traceparent, created_at, status, announce_at)
    SELECT "orderId", saga, "userId", items, "couponId", "totalAmount", "discountAmount", "finalAmount", "shipTo",
           traceparent, "createdAt", 'PENDING', clock_timestamp() + $3::int * interval '1 millisecond'
    FROM json_to_recordset($1::json)
      AS placed ("orderId" uuid, saga text, "userId" bigint, items json, "couponId" bigint, "totalAmount" bigint,
                 "discountAmount" bigint, "finalAmount" bigint, "shipTo" json, traceparent text,
                 "createdAt" timestamptz)
    ORDER BY "orderId")
  INSERT INTO inbox (id, replies) SELECT id, '[]' FROM unnest($2::uuid[]) AS created (id) ORDER BY id`;

const INSERT_ANSWERS = `
  INSERT INTO idempotency (scope, key, request_hash, response)
  SELECT scope, key, "requestHash", "order"
  FROM json_to_recordset($1::json) AS answered (scope text, key text, "requestHash" text, "order" text)
  ORDER BY scope, key`;

async function insertOrders(
  sql: Sql,
  { orders, answers }: { orders: readonly Order[]; answers: readonly StoredAnswer[] },
  announceAfterMs: number,
): Promise<void> {
  await Promise.all([
    sql.query(INSERT_ORDERS, [
      JSON.stringify(orders),
      orders.map((order) => orderActionId(order.orderId)),
      announceAfterMs,
    ]),
    answers.length > 0 && sql.query(INSERT_ANSWERS, [JSON.stringify(answers)]),
  ]);
}

export const postgresPlacements: PlacementStore = { loadCatalogue, loadAnswers, loadCommitted, insertOrders };
