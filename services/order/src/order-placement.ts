import { type Clock, systemClock } from '@saga/service-kit/clock';
import { isTransient, isUniqueViolation } from '@saga/service-kit/faults';
import { naturalBatch } from '@saga/service-kit/natural-batch';
import type { Outbox } from '@saga/service-kit/outbox';
import { orderCreated } from './order-created.ts';
import { type Outcome, type Placement, placeOrders } from './place-orders.ts';
import { type PlacementStore, postgresPlacements } from './placement-store.ts';

/** Places orders; concurrent requests share one transaction, however many came in while the last one committed. */
export interface OrderPlacement {
  /**
   * Resolves when the order and its announcement are committed together, or refused.
   *
   * @throws what the database said, after a few tries; the order may then stand or not, as after any lost answer:
   * a client with an Idempotency-Key may ask again.
   */
  place(placement: Placement): Promise<Outcome>;
}

export type OrderPlacementOptions = {
  outbox: Outbox;
  /** How long after its creation a pending order is announced again. */
  announceAfterMs: number;
  store?: PlacementStore;
  clock?: Clock;
};

/** More would make the first of a batch wait for the last. */
const MAX_BATCH = 500;
/** A lost connection or a deadlock is worth another try at once; an outage is the client's to wait for. */
const MAX_TRIES = 3;
const FIRST_PAUSE_MS = 20;

type Settled = Outcome | { outcome: 'failed'; error: unknown };

export function createOrderPlacement({
  outbox,
  announceAfterMs,
  store = postgresPlacements,
  clock = systemClock,
}: OrderPlacementOptions): OrderPlacement {
  const batches = naturalBatch<Placement, Settled>({ maxBatch: MAX_BATCH, work: settle });

  return {
    place: async (placement) => {
      const settled = await batches.submit(placement);
      if (settled.outcome === 'failed') throw settled.error;
      return settled;
    },
  };

  /** Repeats what may pass, from a fresh load; bisects around what does not, so that it harms no other request. */
  async function settle(placements: readonly Placement[]): Promise<readonly Settled[]> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await placeTogether(placements, tried > 1);
      } catch (error) {
        const passing = isTransient(error);
        if ((passing || isUniqueViolation(error)) && tried < MAX_TRIES) {
          if (passing) await clock.pause(FIRST_PAUSE_MS * 2 ** tried);
          continue;
        }
        if (passing || placements.length === 1) return placements.map(() => ({ outcome: 'failed', error }));
        const middle = Math.ceil(placements.length / 2);
        return [...(await settle(placements.slice(0, middle))), ...(await settle(placements.slice(middle)))];
      }
    }
  }

  /** The orders, their creations' inbox rows, the answers under their keys and the announcements: all or nothing. */
  function placeTogether(placements: readonly Placement[], again: boolean): Promise<readonly Outcome[]> {
    return outbox.transaction(async (sql) => {
      const [catalogue, answers, committed] = await Promise.all([
        store.loadCatalogue(sql, placements),
        store.loadAnswers(sql, placements),
        again ? store.loadCommitted(sql, placements) : [],
      ]);
      const { outcomes, ...placed } = placeOrders({ ...catalogue, answers, committed }, placements);
      if (placed.orders.length > 0) await store.insertOrders(sql, placed, announceAfterMs);
      return { result: outcomes, messages: placed.orders.map((order) => orderCreated(order, 1)) };
    });
  }
}
