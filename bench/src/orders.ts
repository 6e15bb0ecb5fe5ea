/**
 * What is ordered, by whom, the same for every system: the k-th order of a run is the same order everywhere. All use a
 * coupon of their own, so that every step of the saga has something to do.
 */
export const SHOP = {
  products: 1_000,
  users: 10_000,
  coupons: 500_000,
  price: 10_000,
  discount: 1_000,
  stock: 1_000_000_000_000,
  balance: 1_000_000_000_000,
} as const;

export type BenchOrder = { userId: number; productId: number; quantity: number; couponId: number; amount: number };

/** How a run differs from the plain one. */
export type Mix = {
  /** Each so many-th order costs more than its user has: it is refused at the balance, and product and coupon are undone. */
  refusedEvery?: number;
  /** Everybody wants the same product. */
  hotProduct?: boolean;
};

/** More pieces than the balance pays for, and no more than there are. */
const UNAFFORDABLE = 900_000_000;
/** Primes: neighbours in time are no neighbours in a table. */
const PRODUCT_STRIDE = 7_919;
const USER_STRIDE = 104_729;

const userOf = (couponId: number): number => 1 + (((couponId - 1) * USER_STRIDE) % SHOP.users);

/** The k-th order, from 0. */
export function orderAt(k: number, { refusedEvery, hotProduct }: Mix = {}): BenchOrder {
  if (k >= SHOP.coupons) throw new Error(`a run has at most ${SHOP.coupons} orders: each needs a coupon of its own`);
  const couponId = k + 1;
  const quantity = refusedEvery !== undefined && k % refusedEvery === 0 ? UNAFFORDABLE : 1;
  return {
    userId: userOf(couponId),
    productId: hotProduct ? 1 : 1 + ((k * PRODUCT_STRIDE) % SHOP.products),
    quantity,
    couponId,
    amount: quantity * SHOP.price - SHOP.discount,
  };
}
