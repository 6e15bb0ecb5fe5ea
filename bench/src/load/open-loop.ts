import { setTimeout as pause } from 'node:timers/promises';
import { within } from '@saga/service-kit/within';
import type { RunningSystem } from '../systems/system.ts';
import { latencyHistogram, type Percentiles } from './latency-histogram.ts';
import { LOST_AFTER_MS } from './lost.ts';
import type { OrderSource } from './order-source.ts';

export type OpenLoop = { ordersPerSecond: number; warmUpMs: number; measureMs: number };

/**
 * Places orders at a fixed rate, whether or not earlier ones have ended. Latency runs from the moment at which an order
 * was due: whoever comes while the system stands still waits too, though nobody could place the order then (coordinated
 * omission). Resolves when all have ended.
 *
 * @throws where more orders, or fewer, were cancelled than the source says, and where one never ends.
 */
export async function openLoop(
  system: RunningSystem,
  orders: OrderSource,
  { ordersPerSecond, warmUpMs, measureMs }: OpenLoop,
): Promise<{ ended: number; latency: Percentiles }> {
  const latency = latencyHistogram();
  const started = performance.now();
  let cancelled = 0;
  const count = Math.round(((warmUpMs + measureMs) / 1_000) * ordersPerSecond);
  const all = Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const due = (index * 1_000) / ordersPerSecond;
      await pause(Math.max(0, started + due - performance.now()));
      if ((await system.run(orders.next())) === 'CANCELLED') cancelled += 1;
      if (due >= warmUpMs) latency.record(performance.now() - started - due);
    }),
  );
  await within(warmUpMs + measureMs + LOST_AFTER_MS, 'the end of all orders', all);
  orders.checkOutcomes({ ended: count, cancelled });
  return { ended: latency.count, latency: latency.percentiles() };
}
