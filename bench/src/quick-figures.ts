import { closedLoop } from './load/closed-loop.ts';
import { openLoop } from './load/open-loop.ts';
import { orderSources } from './load/order-source.ts';
import type { Session } from './session.ts';
import { startSystem } from './systems/start-system.ts';

export type QuickFigures = { sagasPerSecond: number; p50Ms: number; p99Ms: number };

const IN_FLIGHT = { inFlight: 128, warmUpMs: 3_000, measureMs: 6_000 };
const RATE = { ordersPerSecond: 40, warmUpMs: 1_000, measureMs: 6_000 };

/** The two figures that a user feels, in a quarter of a minute. */
export async function latencyAndThroughput(session: Session, name: 'ours' | 'floor'): Promise<QuickFigures> {
  await using system = await startSystem(session, name);
  const orders = orderSources().of();
  const { perSecond } = await closedLoop(system, orders, IN_FLIGHT, async () => undefined);
  const { latency } = await openLoop(system, orders, RATE);
  return { sagasPerSecond: perSecond, p50Ms: latency.p50, p99Ms: latency.p99 };
}
