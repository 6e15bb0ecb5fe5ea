import { describe, expect, it } from 'vitest';
import { accountChanged, couponChanged, productChanged } from './order-messages.fixture.ts';
import { projectAccount, projectCoupon, projectProduct, type ReadModels } from './read-models.ts';

const none = { products: new Map(), accounts: new Map(), coupons: new Map() };
const known = (version: number) => ({
  products: new Map<number, ReadModels['products']>([[1, { productId: 1, price: 5, version }]]),
  accounts: new Map<number, ReadModels['accounts']>([[1, { userId: 1, publicId: 'old', version }]]),
  coupons: new Map<number, ReadModels['coupons']>([[1, { couponId: 1, userId: 2, discountAmount: 3, version }]]),
});

const changesOf = (rows: typeof none | ReturnType<typeof known>) => ({
  ...projectProduct(rows, productChanged(1, 10, 2)),
  ...projectAccount(rows, accountChanged(1, 'new', 2)),
  ...projectCoupon(rows, couponChanged(1, { discountAmount: 4 }, 2)),
});

const newest = {
  products: [{ productId: 1, price: 10, version: 2 }],
  accounts: [{ userId: 1, publicId: 'new', version: 2 }],
  coupons: [{ couponId: 1, userId: 1, discountAmount: 4, version: 2 }],
};

describe('what another service says of its own', () => {
  it.each([
    ['is taken when it is the first of it', none],
    ['is taken when it is newer', known(1)],
  ])('%s', (_case, rows) => {
    expect(changesOf(rows)).toEqual(newest);
  });

  it.each([
    ['is nothing new when it is the same', known(2)],
    ['is nothing when it is older', known(3)],
  ])('%s', (_case, rows) => {
    expect(changesOf(rows)).toEqual({});
  });
});
