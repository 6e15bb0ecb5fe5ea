import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createShop, type Order, type Outcome, type ShopSize, type ShopSteps, shopPool, shopSteps } from './shop.ts';

/** What the program that measures hands over, as JSON in the variable PEER. */
export type PeerSettings = {
  /** For the shop's tables. */
  databaseUrl: string;
  /** For the engine's own, where it keeps its state in PostgreSQL. */
  engineDatabaseUrl: string;
  /** Where an engine of its own may keep files. */
  folder: string;
  /** Free ones, for an engine's server. */
  ports: readonly number[];
  shop: ShopSize;
};

/** Where orders are posted to: answered when they are final, with the outcome as a JSON string. */
export type PeerAddress = { url: string; path: string };

/** A peer as a process: prepares the shop, starts, tells where it is, and ends with its parent. */
export async function runPeer(
  start: (steps: ShopSteps, settings: PeerSettings) => Promise<{ address: PeerAddress; stop: () => Promise<void> }>,
): Promise<void> {
  const settings = JSON.parse(process.env.PEER ?? '') as PeerSettings;
  const pool = shopPool(settings.databaseUrl);
  await createShop(pool, settings.shop);
  const { address, stop } = await start(shopSteps(pool), settings);
  process.once('disconnect', () => void stop().finally(() => process.exit()));
  process.send?.(address);
}

/** For engines that are called, not posted to: the thinnest HTTP server in front of them, in their process. */
export async function listen(run: (order: Order) => Promise<Outcome>): Promise<PeerAddress> {
  const server = createServer((request, response) => {
    answer(request).then(
      (outcome) => response.end(JSON.stringify(outcome)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const answer = async (request: IncomingMessage) => run(JSON.parse(await text(request)) as Order);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, path: '/orders' };
}
