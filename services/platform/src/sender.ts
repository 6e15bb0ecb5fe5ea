import type { Database } from '@saga/service-kit/database';
import type { Logger } from 'pino';
import type { DispatchMetrics } from './dispatch-metrics.ts';
import { type ClaimedDispatch, claimDispatches, type SettledDispatch, settleDispatches } from './dispatches.ts';
import { pauseAfterMs, type RetryPolicy } from './retry.ts';
import type { SendWebhook } from './webhook.ts';

export type SenderOptions = {
  database: Database;
  send: SendWebhook;
  policy: RetryPolicy;
  /** The most requests under way at once. */
  concurrency: number;
  /** For so long nobody else sends what this replica has claimed: longer than a request may take. */
  leaseMs: number;
  metrics: DispatchMetrics;
  logger: Logger;
};

/**
 * Sends what is due, a handful at a time, until nothing is. A crash between the platform's answer and its being
 * written down sends the order again, under the same id.
 */
export function createSender({ database, send, policy, concurrency, leaseMs, metrics, logger }: SenderOptions) {
  return async (stopping: AbortSignal): Promise<void> => {
    let claimed: ClaimedDispatch[];
    do {
      claimed = await claimDispatches(database, concurrency, leaseMs);
      const settled = await Promise.all(claimed.map((dispatch) => attempt(dispatch, stopping)));
      if (settled.length > 0) await settleDispatches(database, settled);
    } while (claimed.length === concurrency && !stopping.aborted);
  };

  async function attempt(dispatch: ClaimedDispatch, stopping: AbortSignal): Promise<SettledDispatch> {
    const error = await send(webhookIdOf(dispatch.orderId), dispatch.payload, stopping);
    const settled = outcomeOf(dispatch, error, policy);
    metrics.attempted(settled.status);
    const { orderId: sagaId, attempts } = dispatch;
    if (settled.status === 'SENT') logger.info({ sagaId, attempts }, 'the platform was told');
    if (settled.status === 'PENDING')
      logger.warn({ sagaId, attempts, error, pauseMs: settled.pauseMs }, 'the platform was not told: tried again');
    if (settled.status === 'FAILED') logger.error({ sagaId, attempts, error }, 'the platform was not told: given up');
    return settled;
  }
}

/** The same on every attempt, and no other event's of the same order. */
const webhookIdOf = (orderId: string): string => `order-processed_${orderId}`;

function outcomeOf(
  { orderId, attempts }: ClaimedDispatch,
  error: string | undefined,
  policy: RetryPolicy,
): SettledDispatch {
  if (error === undefined) return { orderId, attempts, status: 'SENT' };
  const pauseMs = pauseAfterMs(attempts, policy);
  if (pauseMs === undefined) return { orderId, attempts, status: 'FAILED', error };
  return { orderId, attempts, status: 'PENDING', error, pauseMs };
}
