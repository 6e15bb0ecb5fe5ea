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

/** A request as a route read it. */
export type IncomingOrder = {
  request: OrderRequest;
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
  metrics: OrderMetrics;
  logger: Logger;
};

/** More would wait longer for their answer than clients do. */
const MAX_WAITING = 5_000;
const RETRY_AFTER_SECONDS = 2;

/**
 * Takes an order in, whichever route it came by.
 *
 * @throws Problem 422 for what is refused, 503 while too much waits for the database or for the broker.
 */
export function createOrderIntake({
  placement,
  outbox,
  outboxLimit,
  metrics,
  logger,
}: OrderIntakeOptions): OrderIntake {
  return async ({ request, key, traceparent, pointerInto }) => {
    if (outbox.size >= outboxLimit) throw unavailable('too many orders wait for the broker', RETRY_AFTER_SECONDS);
    if (placement.waiting >= MAX_WAITING) throw unavailable('too many orders wait to be saved', RETRY_AFTER_SECONDS);

    const placed = await placement.place({
      orderId: newOrderId(),
      traceparent,
      createdAt: new Date(),
      request,
      once: once(scopeOf(request), key, request),
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
      default:
        throw placed satisfies never;
    }
  };
}

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
