/** Which topic is answered by which, as an order that completes goes through the system. */
export type Hops = Readonly<Record<string, readonly string[]>>;

export const roles = ['orchestrator', 'order', 'product', 'balance', 'coupon', 'delivery', 'platform'] as const;
export type Role = (typeof roles)[number];

/** What an HTTP request causes. */
export const PLACED = 'order-created';
export const ENDED = 'order-processed';

/**
 * One process per service, as with us. The balance is asked when the coupon was used: to wait for the product, too, takes
 * a memory, which the floor has none of. Both come at the same time.
 */
export const hopsOf: Readonly<Record<Role, Hops>> = {
  orchestrator: {
    [PLACED]: ['decrease-product-command', 'use-coupon-command'],
    'product-decreased': [],
    'coupon-used': ['deduct-balance-command'],
    'balance-deducted': ['create-delivery-command'],
    'delivery-created': ['complete-order-command'],
    'order-completed': [],
  },
  order: { 'complete-order-command': ['order-completed', ENDED] },
  product: { 'decrease-product-command': ['product-decreased'], [ENDED]: [] },
  balance: { 'deduct-balance-command': ['balance-deducted'] },
  coupon: { 'use-coupon-command': ['coupon-used'] },
  delivery: { 'create-delivery-command': ['delivery-created'] },
  platform: { [ENDED]: [] },
};

export const floorTopics: readonly string[] = [
  ...new Set(Object.values(hopsOf).flatMap((hops) => [...Object.keys(hops), ...Object.values(hops).flat()])),
];
