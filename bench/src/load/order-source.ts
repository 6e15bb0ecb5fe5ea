import { type BenchOrder, type Mix, orderAt } from '../orders.ts';

/** The orders of a run, one after the other; a system has one, since each order needs a coupon that nobody has used. */
export type OrderSource = { next(): BenchOrder };

export type OrderSources = {
  /** Goes on where the last one ended. */
  of(mix?: Mix): OrderSource;
};

/** @param used how many orders its database has had already. */
export function orderSources(used = 0): OrderSources {
  let k = used;
  return {
    of: (mix) => ({
      next: () => {
        k += 1;
        return orderAt(k - 1, mix);
      },
    }),
  };
}
