import { setTimeout as pause } from 'node:timers/promises';
import type { OrderClient } from './order-client.ts';

export type Latency = { orders: number; p50Ms: number; p95Ms: number; p99Ms: number };

/** Latency from POST to the end at a fixed rate: an order's time runs from when it was due, not from when it got away. */
export async function latencyAtRate(
  client: OrderClient,
  order: () => object,
  ordersPerSecond: number,
  seconds: number,
): Promise<Latency> {
  const started = performance.now();
  const latencies = await Promise.all(
    Array.from({ length: ordersPerSecond * seconds }, async (_, index) => {
      const due = started + (index * 1_000) / ordersPerSecond;
      await pause(Math.max(0, due - performance.now()));
      await client.ended(await client.place(order()));
      return performance.now() - due;
    }),
  );
  latencies.sort((a, b) => a - b);
  const at = (share: number) => Math.round(latencies[Math.floor(share * (latencies.length - 1))] ?? 0);
  return { orders: latencies.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

export type Throughput = { orders: number; completed: number; ordersPerSecond: number; acceptedPerSecond: number };

/** Orders posted so many at a time, measured from the first POST until the last one has ended. */
export async function throughput(
  client: OrderClient,
  order: () => object,
  orders: number,
  atATime: number,
): Promise<Throughput> {
  const started = performance.now();
  const ids: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      while (next < orders) {
        next += 1;
        ids.push(await client.place(order()));
      }
    }),
  );
  const accepted = performance.now() - started;
  let completed = 0;
  // In the order of their arrival: the last ones have most likely ended when the first question about them is asked.
  for (const id of ids) if ((await client.ended(id)) === 'COMPLETED') completed += 1;
  const seconds = (performance.now() - started) / 1_000;
  return {
    orders,
    completed,
    ordersPerSecond: Math.round(orders / seconds),
    acceptedPerSecond: Math.round((orders * 1_000) / accepted),
  };
}
