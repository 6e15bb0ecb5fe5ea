import { array, assert, constant, integer, oneof, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Catalogue, type OrderRequest, placeOrder } from './place-order.ts';

const MAX = Number.MAX_SAFE_INTEGER;

const catalogue: Catalogue = {
  products: new Map([
    [1, { productId: 1, price: 10_000, version: 1 }],
    [2, { productId: 2, price: 250, version: 3 }],
    [3, { productId: 3, price: MAX, version: 1 }],
    [4, { productId: 4, price: 0, version: 1 }],
  ]),
  accounts: new Map([[1, { userId: 1, publicId: 'user-1', version: 1 }]]),
  coupons: new Map([
    [100, { couponId: 100, userId: 1, discountAmount: 1_000, version: 1 }],
    [200, { couponId: 200, userId: 2, discountAmount: 1_000, version: 1 }],
  ]),
};

const request = (changes: Partial<OrderRequest> = {}): OrderRequest => ({
  saga: 'place-order',
  userId: 1,
  items: [{ productId: 1, quantity: 2, price: null }],
  couponId: null,
  shipTo: null,
  ...changes,
});
const item = (productId: number, quantity: number, price: number | null = null) => ({ productId, quantity, price });

const amountsOf = (asked: OrderRequest) => {
  const decision = placeOrder(catalogue, asked);
  return decision.outcome === 'priced' ? decision.amounts : decision.errors;
};

const faultsOf = (asked: OrderRequest): string[] => {
  const decision = placeOrder(catalogue, asked);
  return decision.outcome === 'refused' ? decision.errors.map(({ pointer, code }) => `${pointer} ${code}`) : [];
};

describe('the amounts of an order', () => {
  it('are the catalogue prices times the quantities', () => {
    const decision = placeOrder(catalogue, request({ items: [item(1, 2), item(2, 4, 250)] }));
    expect(decision).toEqual({
      outcome: 'priced',
      items: [
        { productId: 1, quantity: 2, unitPrice: 10_000 },
        { productId: 2, quantity: 4, unitPrice: 250 },
      ],
      amounts: { totalAmount: 21_000, discountAmount: 0, finalAmount: 21_000 },
    });
  });

  it('are lowered by the coupon', () => {
    expect(amountsOf(request({ couponId: 100 }))).toEqual({
      totalAmount: 20_000,
      discountAmount: 1_000,
      finalAmount: 19_000,
    });
  });

  it('are never lowered below nothing', () => {
    expect(amountsOf(request({ items: [item(2, 1)], couponId: 100 }))).toEqual({
      totalAmount: 250,
      discountAmount: 250,
      finalAmount: 0,
    });
  });

  it('may be nothing', () => {
    expect(amountsOf(request({ items: [item(4, 5)] }))).toEqual({ totalAmount: 0, discountAmount: 0, finalAmount: 0 });
  });

  it('reach 2^53−1 and no further (trap 22)', () => {
    expect(amountsOf(request({ items: [item(3, 1)] }))).toMatchObject({ totalAmount: MAX });
    expect(faultsOf(request({ items: [item(3, 1), item(2, 1)] }))).toEqual(['/items AMOUNT_TOO_LARGE']);
    expect(faultsOf(request({ items: [item(3, 1_000_000_000)] }))).toEqual(['/items AMOUNT_TOO_LARGE']);
  });

  it('are exact and never negative, whatever is ordered', () => {
    const anyAmount = oneof(
      integer({ min: 0, max: 100_000 }),
      integer({ min: MAX - 100_000, max: MAX }),
      constant(MAX),
    );
    const line = record({ price: anyAmount, quantity: integer({ min: 1, max: 1_000_000_000 }) });
    const lines = array(line, { minLength: 1, maxLength: 100 });
    assert(
      property(lines, anyAmount, (ordered, discountAmount) => {
        const products = new Map(
          ordered.map(({ price }, index) => [index + 1, { productId: index + 1, price, version: 1 }]),
        );
        const coupons = new Map([[1, { couponId: 1, userId: 1, discountAmount, version: 1 }]]);
        const items = ordered.map(({ quantity }, index) => item(index + 1, quantity));
        const exact = ordered.reduce((sum, { price, quantity }) => sum + BigInt(price) * BigInt(quantity), 0n);

        const decision = placeOrder({ ...catalogue, products, coupons }, request({ items, couponId: 1 }));

        if (exact > BigInt(MAX)) return decision.outcome === 'refused';
        if (decision.outcome === 'refused') return false;
        const { totalAmount, discountAmount: discount, finalAmount } = decision.amounts;
        return (
          BigInt(totalAmount) === exact &&
          discount === Math.min(discountAmount, totalAmount) &&
          finalAmount >= 0 &&
          BigInt(finalAmount) + BigInt(discount) === exact &&
          [totalAmount, discount, finalAmount].every(Number.isSafeInteger)
        );
      }),
    );
  });
});

describe('an order is refused', () => {
  it.each<[string, Partial<OrderRequest>, string]>([
    ['for an unknown user', { userId: 9 }, '/userId ACCOUNT_UNKNOWN'],
    ['for an unknown product', { items: [item(1, 1), item(9, 1)] }, '/items/1/productId PRODUCT_UNKNOWN'],
    ["with a price that is not the catalogue's", { items: [item(1, 1, 9_999)] }, '/items/0/price PRICE_CHANGED'],
    ['with an unknown coupon', { couponId: 999 }, '/couponId COUPON_UNKNOWN'],
    ["with another user's coupon", { couponId: 200 }, '/couponId COUPON_NOT_OWNED'],
    [
      'with a coupon where the saga has no use for it',
      { saga: 'ship-order', couponId: 100 },
      '/couponId COUPON_NOT_ALLOWED',
    ],
  ])('%s', (_case, changes, fault) => {
    expect(faultsOf(request(changes))).toEqual([fault]);
  });

  it('for all that is wrong with it, at once', () => {
    expect(faultsOf(request({ userId: 9, items: [item(8, 1), item(2, 1, 1)], couponId: 999 }))).toEqual([
      '/userId ACCOUNT_UNKNOWN',
      '/items/0/productId PRODUCT_UNKNOWN',
      '/items/1/price PRICE_CHANGED',
      '/couponId COUPON_UNKNOWN',
    ]);
  });
});
