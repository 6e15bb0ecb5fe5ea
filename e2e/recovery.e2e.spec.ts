import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAllWell } from './all-well.ts';
import { count } from './database.ts';
import { type Installation, install } from './installation.ts';
import { castOf, expectEnds, placeMany } from './order-mix.ts';
import { Shop } from './shop.ts';

/** The orchestrator dies with a crowd of sagas in flight: all of them end after its restart, each as it must. */
const SAGAS = process.env.LONG ? 10_000 : 500;
/** A tenth is called off, and may have ended before anything was sent. */
const ORDERS = Math.ceil(SAGAS / 0.9);
const AT_A_TIME = 64;

let installation: Installation;
let shop: Shop;

beforeAll(async () => {
  installation = await install({ LOG_LEVEL: 'warn' });
  shop = new Shop(installation.urls);
});
afterAll(() => installation?.uninstall());

const inFlight = (): Promise<number> => count(installation.databaseUrl, 'orchestrator.saga WHERE ended_at IS NULL');

test(`SIGKILL of the orchestrator with ${SAGAS} sagas in flight`, { timeout: 60 * 60_000 }, async () => {
  const cast = await castOf(shop);
  await installation.stack.stop(['product']); // every saga that sends anything needs it: none of them can end
  const orders = await placeMany(shop, cast, { orders: ORDERS, atATime: AT_A_TIME });
  await shop.until(inFlight, (sagas) => sagas >= SAGAS, 'all sagas to be in flight');
  const sagas = await inFlight();

  const died = performance.now();
  installation.stack.kill('orchestrator', 'SIGKILL');
  await installation.stack.start(['product']);
  await shop.until(inFlight, (sagas) => sagas === 0, 'all sagas to end');
  const seconds = (performance.now() - died) / 1_000;
  console.log(`recovery: ${sagas} sagas in flight had ended ${seconds.toFixed(1)} s after the orchestrator was killed`);

  expect(installation.said.filter((line) => line.startsWith('orchestrator was killed by SIGKILL'))).toHaveLength(1);
  await expectEnds(shop, orders);
  await expectAllWell(shop, installation);
});
