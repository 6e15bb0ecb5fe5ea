import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '@saga/service-kit/database';
import { messageOf } from '@saga/service-kit/faults';
import type { Logger } from 'pino';
import type { DispatchMetrics } from './dispatch-metrics.ts';
import {
  type ClaimedDispatch,
  claimDispatches,
  returnDispatch,
  type SettledDispatch,
  settleDispatches,
} from './dispatches.ts';
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
 * Sends what is due, so many at once, until nothing is: as soon as one is answered, the next is claimed. A crash between
 * the platform's answer and its being written down sends the order again, under the same id.
 */
export function createSender({ database, send, policy, concurrency, leaseMs, metrics, logger }: SenderOptions) {
  return async (stopping: AbortSignal): Promise<void> => {
    const underWay = new Set<Promise<void>>();
    try {
      for (;;) {
        const free = stopping.aborted ? 0 : concurrency - underWay.size;
        for (const dispatch of free > 0 ? await claimDispatches(database, free, leaseMs) : []) {
          const sending = attempt(dispatch, stopping).finally(() => underWay.delete(sending));
          underWay.add(sending);
        }
        if (underWay.size === 0) return;
        await Promise.race([...underWay, pause(LOOK_AGAIN_MS, undefined, { ref: false })]);
      }
    } finally {
      await Promise.allSettled(underWay);
    }
  };

  /** Never rejects: nobody may be looking when it ends, and what was not written down is due again after its lease. */
  async function attempt(dispatch: ClaimedDispatch, stopping: AbortSignal): Promise<void> {
    const { orderId: sagaId, attempts } = dispatch;
    try {
      const error = await send(webhookIdOf(sagaId), dispatch.payload, stopping);
      if (error !== undefined && stopping.aborted) await returnDispatch(database, dispatch);
      else await settleDispatches(database, [settle(dispatch, error)]);
    } catch (error) {
      const what = 'how the attempt ended was not written down: the order is sent again';
      logger.error({ sagaId, attempts, error: messageOf(error) }, what);
    }
  }

  function settle(dispatch: ClaimedDispatch, error: string | undefined): SettledDispatch {
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

/** What became due while all that is under way is slow waits no longer. */
const LOOK_AGAIN_MS = 1_000;

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
