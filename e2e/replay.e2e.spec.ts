import { serviceNames } from '@saga/tools/service-name';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectAllWell } from './all-well.ts';
import { lagOf, rewind, subscriptions } from './consumers.ts';
import { type Installation, install } from './installation.ts';
import { castOf, expectEnds, placeMany } from './order-mix.ts';
import { publishAgain } from './republish.ts';
import { Shop } from './shop.ts';
import { differences, readTables, type Tables } from './tables.ts';
import { storedMessages } from './topics.ts';

/**
 * A system that has finished sees everything a second time, and nothing changes in its tables. The one exception is
 * told in `tables.ts`: a customer's request that comes too late is noted in the journal, each time that it comes.
 */
const ORDERS = process.env.LONG ? 1_000 : 100;
const AT_A_TIME = 50;

let installation: Installation;
let shop: Shop;
let before: Tables;

beforeAll(async () => {
  installation = await install();
  shop = new Shop(installation.urls);
  const cast = await castOf(shop);
  await expectEnds(shop, await placeMany(shop, cast, { orders: ORDERS, atATime: AT_A_TIME }));
  await expectAllWell(shop, installation);
  await everythingHandled();
  before = await readTables(installation.databaseUrl);
});
afterAll(() => installation?.uninstall());

async function everythingHandled(): Promise<void> {
  const listening = await subscriptions(installation);
  expect(listening.map(({ topics }) => topics.length)).not.toContain(0);
  await shop.until(
    () => lagOf(installation, listening),
    (lag) => lag === 0,
    'everything to be handled',
  );
}

async function expectNothingChanged(): Promise<void> {
  await everythingHandled();
  await expectAllWell(shop, installation);
  expect(differences(before, await readTables(installation.databaseUrl))).toEqual([]);
}

test('every message of every topic is published again', async () => {
  const messages = await storedMessages(installation);
  expect(messages.length).toBeGreaterThan(ORDERS * 8);
  await publishAgain(installation, messages, []);
  await expectNothingChanged();
});

test('every group reads every topic from the beginning', async () => {
  const listening = await subscriptions(installation);
  await installation.stack.stop();
  await rewind(installation);
  expect(await lagOf(installation, listening)).toBeGreaterThan(ORDERS * 16);
  await installation.stack.start(serviceNames);
  await expectNothingChanged();
});
