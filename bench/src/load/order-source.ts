import { type BenchOrder, type Mix, orderAt } from '../orders.ts';

/** The orders of a run, one after the other; a system has one, since each order needs a coupon that nobody has used. */
export type OrderSource = {
  next(): BenchOrder;
  /** @throws where clearly more orders, or fewer, were cancelled than are to be: then something else was measured. */
  checkOutcomes(outcomes: { ended: number; cancelled: number }): void;
};

/** Of all that ended: which of them are measured is left to chance. */
const TOLERATED_SHARE = 0.05;

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
      checkOutcomes: ({ ended, cancelled }) => {
        const expected = mix?.refusedEvery === undefined ? 0 : ended / mix.refusedEvery;
        const tolerated = expected === 0 ? 0 : TOLERATED_SHARE * ended;
        if (Math.abs(cancelled - expected) > tolerated)
          throw new Error(`${cancelled} of ${ended} orders were cancelled, ${Math.round(expected)} were to be`);
      },
    }),
  };
}
