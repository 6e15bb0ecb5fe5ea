import type { OrderItem, SagaName, ShipTo } from '@saga/messages/values';
import type { FieldError } from '@saga/service-kit/problem';
import type { Account, Coupon, Product } from './read-models.ts';

/** An order as it is asked for, whichever form the request had. */
export type OrderRequest = {
  saga: SagaName;
  userId: number;
  items: readonly RequestedItem[];
  couponId: number | null;
  shipTo: ShipTo | null;
};
/** `price` is what the customer was shown, where they say so. */
export type RequestedItem = { productId: number; quantity: number; price: number | null };

/** What is known of the things that a request names. */
export type Catalogue = {
  products: ReadonlyMap<number, Product>;
  accounts: ReadonlyMap<number, Account>;
  coupons: ReadonlyMap<number, Coupon>;
};

/** In the currency's minor unit, at most 2^53−1. */
export type Amounts = { totalAmount: number; discountAmount: number; finalAmount: number };

export type Priced = { outcome: 'priced'; items: readonly OrderItem[]; amounts: Amounts };

/** `errors` points into the form `{userId, items, couponId, …}`; a route that has another form renames. */
export type Refusal = { outcome: 'refused'; errors: readonly FieldError[] };

/**
 * Prices an order or refuses it, naming every field at fault. Refused is what can never work; whether there is stock,
 * money, or a coupon not yet used or expired is for the saga to find out. Pure.
 */
export function placeOrder(catalogue: Catalogue, request: OrderRequest): Priced | Refusal {
  const errors: FieldError[] = [];
  const refuse = (pointer: string, code: string, message: string) => errors.push({ pointer, code, message });

  if (!catalogue.accounts.has(request.userId))
    refuse('/userId', 'ACCOUNT_UNKNOWN', `there is no account of user ${request.userId}`);

  let total = 0n;
  const items: OrderItem[] = [];
  for (const [index, { productId, quantity, price }] of request.items.entries()) {
    const product = catalogue.products.get(productId);
    if (!product) {
      refuse(`/items/${index}/productId`, 'PRODUCT_UNKNOWN', `there is no product ${productId}`);
      continue;
    }
    if (price !== null && price !== product.price)
      refuse(`/items/${index}/price`, 'PRICE_CHANGED', `product ${productId} costs ${product.price}, not ${price}`);
    items.push({ productId, quantity, unitPrice: product.price });
    total += BigInt(quantity) * BigInt(product.price);
  }
  // Summed exactly and only then made a number: a JSON integer is exact up to 2^53−1 (trap 22).
  if (total > MAX_AMOUNT) refuse('/items', 'AMOUNT_TOO_LARGE', `the total is ${total}, more than ${MAX_AMOUNT}`);

  const coupon = request.couponId === null ? NO_COUPON : couponFor(catalogue, request, request.couponId);
  if ('code' in coupon) refuse('/couponId', coupon.code, coupon.message);
  if (errors.length > 0 || 'code' in coupon) return { outcome: 'refused', errors };

  const totalAmount = Number(total);
  const discountAmount = Math.min(coupon.discountAmount, totalAmount);
  const amounts = { totalAmount, discountAmount, finalAmount: totalAmount - discountAmount };
  return { outcome: 'priced', items, amounts };
}

const MAX_AMOUNT = BigInt(Number.MAX_SAFE_INTEGER);
const NO_COUPON = { discountAmount: 0 };

function couponFor(
  { coupons }: Catalogue,
  { saga, userId }: OrderRequest,
  couponId: number,
): { discountAmount: number } | { code: string; message: string } {
  if (saga === 'ship-order') return { code: 'COUPON_NOT_ALLOWED', message: 'ship-order takes no coupon' };
  const coupon = coupons.get(couponId);
  if (!coupon) return { code: 'COUPON_UNKNOWN', message: `there is no coupon ${couponId}` };
  if (coupon.userId !== userId)
    return { code: 'COUPON_NOT_OWNED', message: `coupon ${couponId} is not user ${userId}'s` };
  return coupon;
}
