import type { Sql } from '@saga/service-kit/database';
import { notFound, unprocessable } from '@saga/service-kit/problem';
import type { ProductView } from './product-view.ts';

/** Nothing where there is no such product, or where its pieces would outgrow what a number can count. */
const RESTOCK = `
  UPDATE products SET available = available + $2, added = added + $2
  WHERE product_id = $1 AND added <= $3::bigint - $2
  RETURNING product_id AS "productId", name, price, available, reserved, sold`;

const FIND = `SELECT 1 FROM products WHERE product_id = $1`;

/**
 * Puts more of a product in.
 *
 * @throws Problem 404 where there is none, 422 where it would be more than 2^53−1 in all.
 */
export async function restock(sql: Sql, productId: number, quantity: number): Promise<ProductView> {
  const [product] = await sql.query<ProductView>(RESTOCK, [productId, quantity, Number.MAX_SAFE_INTEGER]);
  if (product) return product;
  const [found] = await sql.query(FIND, [productId]);
  if (!found) throw notFound(`there is no product ${productId}`);
  const message = `would make it more than ${Number.MAX_SAFE_INTEGER} pieces in all`;
  throw unprocessable([{ pointer: '/quantity', code: 'TOO_MUCH_STOCK', message }]);
}
