import type { Outcome } from './system.ts';

/** Brings those who wait for an order together with the news of its end, whichever comes first. */
export type OrderEnds = {
  ended(orderId: string, outcome: Outcome): void;
  /** Asked once per order. */
  endOf(orderId: string): Promise<Outcome>;
};

export function orderEnds(): OrderEnds {
  const waiting = new Map<string, (outcome: Outcome) => void>();
  const early = new Map<string, Outcome>();
  return {
    ended: (orderId, outcome) => {
      const resolve = waiting.get(orderId);
      if (resolve) resolve(outcome);
      else early.set(orderId, outcome);
      waiting.delete(orderId);
    },
    endOf: (orderId) => {
      const known = early.get(orderId);
      early.delete(orderId);
      if (known !== undefined) return Promise.resolve(known);
      return new Promise((resolve) => waiting.set(orderId, resolve));
    },
  };
}
