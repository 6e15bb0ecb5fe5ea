import type { Message } from '@saga/messages/message';
import type { Changes, Rows } from '@saga/service-kit/participant';

/** What the order service knows of the other services' things, following their state topics (eventually). */
export type Product = { productId: number; price: number; version: number };
export type Account = { userId: number; publicId: string; version: number };
export type Coupon = { couponId: number; userId: number; discountAmount: number; version: number };

export type ReadModels = { products: Product; accounts: Account; coupons: Coupon };

/*
 * A newer version wins; an older one, or the same again, changes nothing. Nothing is loaded for these: here only the
 * batch's own messages are compared, the statement that saves compares with the stored row (store.ts).
 */

export function projectProduct(
  { products }: Rows<ReadModels>,
  { body: { productId, price, version } }: Message<'product-changed'>,
): Changes<ReadModels> {
  return isNewer(version, products.get(productId)) ? { products: [{ productId, price, version }] } : {};
}

export function projectAccount(
  { accounts }: Rows<ReadModels>,
  { body: { userId, publicId, version } }: Message<'account-changed'>,
): Changes<ReadModels> {
  return isNewer(version, accounts.get(userId)) ? { accounts: [{ userId, publicId, version }] } : {};
}

/** Whether it has expired or was used is the coupon service's to say. */
export function projectCoupon(
  { coupons }: Rows<ReadModels>,
  { body: { couponId, userId, discountAmount, version } }: Message<'coupon-changed'>,
): Changes<ReadModels> {
  return isNewer(version, coupons.get(couponId)) ? { coupons: [{ couponId, userId, discountAmount, version }] } : {};
}

const isNewer = (version: number, known: { version: number } | undefined): boolean =>
  known === undefined || known.version < version;
