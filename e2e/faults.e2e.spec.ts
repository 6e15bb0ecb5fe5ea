import { setTimeout as pause } from 'node:timers/promises';
import { type ServiceName, serviceNames } from '@saga/tools/service-name';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectAllWell } from './all-well.ts';
import { type Installation, install } from './installation.ts';
import { type Cast, castOf, expectEnds, placeMany } from './order-mix.ts';
import { Shop } from './shop.ts';

/** Real processes, killed for real: every order ends, and what was promised holds on the real tables. */
const ORDERS = 200;
const AT_A_TIME = 32;
/** The long form holds the outage for as long as the promise says; the short one until it has been noticed. */
const OUTAGE_MS = process.env.LONG ? 120_000 : 0;
/** The long form kills them one by one, the short one several at once. */
const KILLED: readonly (readonly ServiceName[])[] = process.env.LONG
  ? serviceNames.map((service) => [service])
  : [
      ['orchestrator', 'coupon', 'platform'],
      ['order', 'product', 'balance', 'delivery'],
    ];

let installation: Installation;
let shop: Shop;
let cast: Cast;

beforeAll(async () => {
  installation = await install();
  shop = new Shop(installation.urls);
  cast = await castOf(shop);
});
afterAll(() => installation?.uninstall());

describe.each(KILLED.map((services) => [services.join(', '), services] as const))(
  'SIGKILL of %s in the middle of 200 orders of all kinds',
  (_names, services) => {
    test('all end as they must, nothing is lost or doubled', async () => {
      const inTheMiddle = () => {
        for (const service of services) installation.stack.kill(service, 'SIGKILL');
      };
      const orders = await placeMany(shop, cast, { orders: ORDERS, atATime: AT_A_TIME, inTheMiddle });
      expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(ORDERS);
      await expectEnds(shop, orders);
      await expectAllWell(shop, installation);
    });
  },
);

test('a participant that is away: its orders wait, none is cancelled, all complete after its return', async () => {
  const [userId = 0] = cast.rich;
  await installation.stack.stop(['balance']);
  const ids = await Promise.all(
    Array.from({ length: 20 }, () => shop.place({ userId, productId: cast.hot, quantity: 1 })),
  );
  const first = ids[0] ?? '';
  await shop.until(
    () => shop.get<{ waitingFor: { step: string; why: string }[] }>('orchestrator', `/sagas/${first}`),
    ({ waitingFor }) => waitingFor[0]?.step === 'balance' && waitingFor[0].why.includes('silent since'),
    'the silence to be noticed',
  );
  await pause(OUTAGE_MS);
  for (const id of ids)
    expect(await shop.get('order', `/orders/${id}`)).toMatchObject({ status: 'PENDING', cancelReason: null });

  await installation.stack.start(['balance']);
  for (const id of ids) expect(await shop.ended(id)).toMatchObject({ status: 'COMPLETED' });
  await expectAllWell(shop, installation);
});

test('every service is killed', () => {
  expect(KILLED.flat().toSorted()).toEqual(serviceNames.toSorted());
});
