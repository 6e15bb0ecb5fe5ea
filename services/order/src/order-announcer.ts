import type { Outbox } from '@saga/service-kit/outbox';
import type { Logger } from 'pino';
import { type ClaimPending, claimPending } from './claim-pending.ts';
import { orderCreated } from './order-created.ts';
import type { OrderMetrics } from './order-metrics.ts';

export type OrderAnnouncerOptions = {
  outbox: Outbox;
  claim?: ClaimPending;
  /** The pause before the first repetition; it doubles with each. */
  announceAfterMs: number;
  /** What is older than the inboxes remember would become a dead letter: it is announced no more. */
  inboxDays: number;
  metrics: Pick<OrderMetrics, 'announcedAgain'>;
  logger: Logger;
};

/** One transaction's worth; the next tick takes the next. */
const CHUNK = 200;
const LONGEST_PAUSE_MS = 60 * 60_000;

/**
 * Announces again what has been pending for too long, so that even an order whose announcement was lost or became a
 * dead letter ends (trap 28). For one tick, on any replica.
 */
export function createOrderAnnouncer(options: OrderAnnouncerOptions): () => Promise<void> {
  const { outbox, claim = claimPending, announceAfterMs, inboxDays, metrics, logger } = options;

  const limits = {
    limit: CHUNK,
    firstPauseMs: announceAfterMs,
    longestPauseMs: LONGEST_PAUSE_MS,
    maxAgeDays: inboxDays,
  };

  return async () => {
    const claimed = await outbox.transaction(async (sql) => {
      const orders = await claim(sql, limits);
      return { result: orders, messages: orders.map((order) => orderCreated(order, order.announcements)) };
    });
    for (const { orderId, announcements } of claimed)
      logger.warn({ sagaId: orderId, announcements }, 'order is still pending: announced again');
    metrics.announcedAgain(claimed.length);
  };
}
