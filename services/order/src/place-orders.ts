import type { Once } from '@saga/service-kit/idempotency';
import type { Order, OrderTerms } from './domain.ts';
import { type Catalogue, type OrderRequest, placeOrder, type Refusal } from './place-order.ts';

/** A request to place an order, with all that the shell drew for it: ids and the time are given, never made here. */
export type Placement = {
  orderId: string;
  traceparent: string;
  createdAt: Date;
  request: OrderRequest;
  /** Undefined without an Idempotency-Key: then every request is an order of its own. */
  once: Once | undefined;
  /** No new order can be taken now: only what was answered before is answered again. */
  replayOnly?: boolean;
};

/** What a 202 says of an order; stored under its Idempotency-Key to be said again. */
export type PlacedOrder = Pick<OrderTerms, 'orderId' | 'saga' | 'totalAmount' | 'discountAmount' | 'finalAmount'>;

export type StoredAnswer = Once & { order: PlacedOrder };

export type Outcome =
  | { outcome: 'placed'; order: PlacedOrder }
  /** Under the same key: the answer is the same, the order was another request's. */
  | { outcome: 'placed-before'; order: PlacedOrder }
  | Refusal
  /** The key was used before, for another request. */
  | { outcome: 'key-reused' }
  /** Nothing stands under its key, and it was to be answered from that only. */
  | { outcome: 'nothing-to-replay' };

export type Known = Catalogue & {
  answers: readonly StoredAnswer[];
  /** Orders of this very batch that stand already: an earlier try was committed though it looked like a failure. */
  committed: readonly PlacedOrder[];
};

export type Placed = {
  /** In the order of the requests. */
  outcomes: readonly Outcome[];
  /** To be inserted, each with the answer to store under its key, if it has one. */
  orders: readonly Order[];
  answers: readonly StoredAnswer[];
};

/**
 * Places a batch of requests, one at a time, so that two with the same Idempotency-Key in one batch see each other
 * (trap 8). Only what was placed is remembered: a request that was refused may come again with the same key. Pure.
 */
export function placeOrders(known: Known, placements: readonly Placement[]): Placed {
  const answers = new Map(known.answers.map((answer) => [identity(answer), answer]));
  const committed = new Map(known.committed.map((order) => [order.orderId, order]));
  const fresh: { orders: Order[]; answers: StoredAnswer[] } = { orders: [], answers: [] };

  const outcomes = placements.map((placement): Outcome => {
    const { once, request, orderId, traceparent, createdAt, replayOnly } = placement;
    const answered = once && answers.get(identity(once));
    if (answered && answered.requestHash !== once.requestHash) return { outcome: 'key-reused' };
    const own = committed.get(orderId);
    if (own) return { outcome: 'placed', order: own };
    if (answered) return { outcome: 'placed-before', order: answered.order };
    if (replayOnly) return { outcome: 'nothing-to-replay' };

    const decision = placeOrder(known, request);
    if (decision.outcome === 'refused') return decision;
    const { items, amounts } = decision;
    const { saga, userId, couponId, shipTo } = request;
    const terms = { orderId, saga, userId, items, couponId, ...amounts, shipTo, traceparent, createdAt };
    fresh.orders.push({ ...terms, status: 'PENDING' });
    const order: PlacedOrder = { orderId, saga, ...amounts };
    if (once) {
      const answer = { ...once, order };
      answers.set(identity(once), answer);
      fresh.answers.push(answer);
    }
    return { outcome: 'placed', order };
  });
  return { outcomes, ...fresh };
}

/** Neither part can hold a line break: a header's value has none. */
const identity = ({ scope, key }: Once): string => `${scope}\n${key}`;
