import { newOrderId } from '@saga/messages/ids';
import { idempotencyKey, once } from '@saga/service-kit/idempotency';
import type { Outbox } from '@saga/service-kit/outbox';
import { type FieldError, inWords, Problem, unavailable } from '@saga/service-kit/problem';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { OrderMetrics } from './order-metrics.ts';
import type { OrderPlacement } from './order-placement.ts';
import type { OrderRequest } from './place-order.ts';
import type { PlacedOrder } from './place-orders.ts';

/** Loose: the other headers are still needed, the host for the links. */
export const intakeHeaders = z.looseObject({ 'idempotency-key': idempotencyKey });

/** A request as a route reads it; what the database must be asked for is not asked before the request is let in. */
export type IncomingOrder = {
  request: () => OrderRequest | Promise<OrderRequest>;
  /** The header Idempotency-Key. */
  key: string | undefined;
  traceparent: string;
  /** Where in the body that was sent a fault of the request lies. */
  pointerInto: (pointer: string) => string;
};

export type OrderIntake = (incoming: IncomingOrder) => Promise<PlacedOrder>;

export type OrderIntakeOptions = {
  placement: OrderPlacement;
  outbox: Outbox;
  outboxLimit: number;
  /** Requests under way at once: more would only wait longer for their answer than clients do. */
  intakeLimit: number;
  metrics: OrderMetrics;
  logger: Logger;
};

const RETRY_AFTER_SECONDS = 2;

/**
 * Takes an order in, whichever route it came by.
 *
 * @throws Problem 422 for what is refused, 503 while too much waits for the database or for the broker. What was
 * answered under an Idempotency-Key is answered again though the broker is away.
 */
export function createOrderIntake(options: OrderIntakeOptions): OrderIntake {
  const { placement, outbox, outboxLimit, intakeLimit, metrics, logger } = options;
  let underWay = 0;

  return async (incoming) => {
    if (underWay >= intakeLimit) throw unavailable('too many orders wait to be saved', RETRY_AFTER_SECONDS);
    underWay += 1;
    try {
      return await takeIn(incoming);
    } finally {
      underWay -= 1;
    }
  };

  async function takeIn({ request: read, key, traceparent, pointerInto }: IncomingOrder): Promise<PlacedOrder> {
    const replayOnly = outbox.size >= outboxLimit;
    if (replayOnly && key === undefined) throw outboxFull();
    const request = await read();
    const placed = await placement.place({
      orderId: newOrderId(),
      traceparent,
      createdAt: new Date(),
      request,
      once: once(scopeOf(request), key, request),
      replayOnly,
    });
    switch (placed.outcome) {
      case 'placed':
        metrics.placed(placed.order.saga);
        logger.info({ sagaId: placed.order.orderId, saga: placed.order.saga, userId: request.userId }, 'order placed');
        return placed.order;
      case 'placed-before':
        return placed.order;
      case 'key-reused':
        metrics.refused('IDEMPOTENCY_KEY_REUSED');
        throw new Problem(422, 'IDEMPOTENCY_KEY_REUSED', 'this Idempotency-Key was used for another request');
      case 'refused':
        for (const { code } of placed.errors) metrics.refused(code);
        throw refusal(placed.errors.map((fault) => ({ ...fault, pointer: pointerInto(fault.pointer) })));
      case 'nothing-to-replay':
        throw outboxFull();
      default:
        throw placed satisfies never;
    }
  }
}

const outboxFull = (): Problem => unavailable('too many orders wait for the broker', RETRY_AFTER_SECONDS);

/**
 * An Idempotency-Key is its caller's own. As long as nobody logs in, a caller is known only by the user that they
 * order for; with access control it is the subject of the token, here and nowhere else.
 */
const scopeOf = (request: OrderRequest): string => `POST /orders user ${request.userId}`;

/** One fault gives the whole answer its code, so that a program need not look further. */
function refusal(errors: readonly FieldError[]): Problem {
  const [first, ...others] = new Set(errors.map(({ code }) => code));
  const code = first !== undefined && others.length === 0 ? first : 'INVALID_REQUEST';
  return new Problem(422, code, `the order is refused: ${inWords(errors)}`, { errors });
}
