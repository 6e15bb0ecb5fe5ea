import type { Sql } from '@saga/service-kit/database';
import type { Outbox } from '@saga/service-kit/outbox';
import type { Logger } from 'pino';
import { orderCreated } from './order-created.ts';
import type { OrderMetrics } from './order-metrics.ts';
import { ORDER_COLUMNS, type OrderRow } from './store.ts';

export type OrderAnnouncerOptions = {
  outbox: Outbox;
  /** The pause before the first repetition; it doubles with each. */
  announceAfterMs: number;
  /** What is older than the inboxes remember would become a dead letter: it is announced no more. */
  inboxDays: number;
  metrics: OrderMetrics;
  logger: Logger;
};

/** One transaction's worth; the next tick takes the next. */
const CHUNK = 200;
const LONGEST_PAUSE_MS = 60 * 60_000;

/**
 * Orders whose time has come, and when their time comes next. Never one whose last announcement is still in the
 * outbox: there it waits for the broker, and a second one would only wait with it.
 */
const CLAIM = `
  WITH due (id, next) AS (
    SELECT order_id,
           clock_timestamp() + least($1::bigint * 2 ^ least(announcements, 30), $2::bigint) * interval '1 millisecond'
    FROM orders
    WHERE announce_at <= clock_timestamp() AND created_at > clock_timestamp() - $3::int * interval '1 day'
      AND NOT EXISTS (SELECT FROM outbox WHERE outbox.key = orders.order_id::text)
    ORDER BY announce_at LIMIT $4 FOR UPDATE SKIP LOCKED)
  UPDATE orders
  SET announcements = announcements + 1,
      announce_at = CASE WHEN next < created_at + $3::int * interval '1 day' THEN next END
  FROM due WHERE order_id = due.id
  RETURNING announcements, ${ORDER_COLUMNS}`;

/**
 * Announces again what has been pending for too long, so that even an order whose announcement was lost or became a
 * dead letter ends (trap 28). For one tick, on any replica.
 */
export function createOrderAnnouncer(options: OrderAnnouncerOptions): () => Promise<void> {
  const { outbox, announceAfterMs, inboxDays, metrics, logger } = options;

  const claim = (sql: Sql): Promise<(OrderRow & { announcements: number })[]> =>
    sql.query(CLAIM, [announceAfterMs, LONGEST_PAUSE_MS, inboxDays, CHUNK]);

  return async () => {
    const claimed = await outbox.transaction(async (sql) => {
      const orders = await claim(sql);
      return { result: orders, messages: orders.map((order) => orderCreated(order, order.announcements)) };
    });
    for (const { orderId, announcements } of claimed)
      logger.warn({ sagaId: orderId, announcements }, 'order is still pending: announced again');
    metrics.announcedAgain(claimed.length);
  };
}
