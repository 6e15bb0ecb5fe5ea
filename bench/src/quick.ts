import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeEmbeddedPostgres } from '@saga/tools/infrastructure/embedded-postgres';
import { startLocalInstallation } from '@saga/tools/local-installation';
import { busyLoopMillionsPerSecond } from './busy-loop.ts';
import { latencyAtRate, throughput } from './measure.ts';
import { orderClient } from './order-client.ts';

/**
 * Two figures in a minute, on a system of its own: how long an order takes while there is little to do, and how many
 * complete per second when 64 are posted at a time. Beside them what the machine gives right now: compare runs only
 * by their ratio to it.
 */
const LATENCY = { ordersPerSecond: 20, seconds: 15 };
const THROUGHPUT = { orders: 2_000, atATime: 64 };
const WARM_UP = { orders: 500, atATime: 32 };

const dataDir = mkdtempSync(join(tmpdir(), 'saga-bench-'));
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')));

const print = (name: string, figures: object): void => {
  const shown = Object.entries(figures).map(([figure, value]) => `${figure} ${value}`);
  console.log(`${name.padEnd(28)} ${shown.join('  ')}`);
};
const busyLoop = (): void =>
  print('busy loop', { millionIterationsPerSecond: Math.round(busyLoopMillionsPerSecond()) });

const installation = await startLocalInstallation({
  dataDir,
  fresh: false,
  inMemory: false,
  ports: 'free',
  env: { ...process.env, LOG_LEVEL: process.env.LOG_LEVEL ?? 'warn' },
  onLine: (service, line) => console.error(`${service} ${line}`),
  say: console.error,
  signal: interrupted.signal,
});
try {
  const { product, order } = installation.services;
  // Enough of it for every order: what is measured is not a shop that is sold out.
  await fetch(`${product.url}/products/1/restock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ quantity: 1_000_000 }),
  });
  const client = orderClient(order.url);
  const anOrder = () => ({ userId: 1, productId: 1, quantity: 1 });
  await throughput(client, anOrder, WARM_UP.orders, WARM_UP.atATime);
  busyLoop();
  print(
    `${LATENCY.ordersPerSecond} orders/s`,
    await latencyAtRate(client, anOrder, LATENCY.ordersPerSecond, LATENCY.seconds),
  );
  busyLoop();
  print(`${THROUGHPUT.atATime} at a time`, await throughput(client, anOrder, THROUGHPUT.orders, THROUGHPUT.atATime));
  busyLoop();
} finally {
  await installation.stop();
  await removeEmbeddedPostgres(join(dataDir, 'postgres'));
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit();
