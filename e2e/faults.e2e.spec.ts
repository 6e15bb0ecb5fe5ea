import { setTimeout as pause } from 'node:timers/promises';
import { violations } from '@saga/testkit/invariants';
import { type ServiceName, serviceNames } from '@saga/tools/service-name';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Installation, install } from './installation.ts';
import { journalMismatches } from './journal.ts';
import { Shop } from './shop.ts';

/** Real processes, killed for real: every order ends, and what was promised holds on the real tables. */
const ORDERS = 200;
const AT_A_TIME = 32;
/** The long form holds the outage for as long as the promise says; the short one until it has been noticed. */
const OUTAGE_MS = process.env.LONG ? 120_000 : 0;

let installation: Installation;
let shop: Shop;

beforeAll(async () => {
  installation = await install();
  shop = new Shop(installation.urls);
});
afterAll(() => installation?.uninstall());

/** Posts until it is accepted, whatever happens to the order service meanwhile: the key makes it one order. */
async function place(body: object, key: string): Promise<string> {
  const accepted = await shop.until(
    () => shop.order(body, '/orders', { 'idempotency-key': key }),
    ({ status }) => status === 202,
    'an order to be accepted',
  );
  return accepted.body.orderId;
}

type Cast = { productId: number; scarceId: number; rich: number; poor: number };

const cast = async (): Promise<Cast> => ({
  productId: await shop.product({ stock: 10_000 }),
  scarceId: await shop.product({ stock: 1 }),
  rich: await shop.user({ balance: 1_000_000_000 }),
  poor: await shop.user({ balance: 0 }),
});

/** Most complete; every tenth has no money, every tenth no stock. */
function orderOf({ productId, scarceId, rich, poor }: Cast, index: number): object {
  if (index % 10 === 3) return { userId: poor, productId, quantity: 1 };
  if (index % 10 === 7) return { userId: rich, productId: scarceId, quantity: 2 };
  return { userId: rich, productId, quantity: 1, saga: index % 3 === 0 ? 'reserve-order' : 'place-order' };
}

async function placeMany(orders: number, inTheMiddle: () => void): Promise<string[]> {
  const people = await cast();
  const ids: string[] = [];
  let next = 0;
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      while (next < orders) {
        const index = next;
        next += 1;
        if (index === Math.floor(orders / 2)) inTheMiddle();
        ids.push(await place(orderOf(people, index), `${people.productId}-${index}`));
      }
    }),
  );
  return ids;
}

async function expectAllWell(): Promise<void> {
  await shop.until(
    () => violations(installation.databaseUrl),
    (broken) => broken.length === 0,
    'every invariant to hold',
  );
  expect(await journalMismatches(installation.databaseUrl), 'sagas that differ from their journal').toEqual([]);
}

describe.each<ServiceName>([...serviceNames])('SIGKILL of %s in the middle of 200 orders', (service) => {
  test('all end, nothing is lost or doubled', async () => {
    const ids = await placeMany(ORDERS, () => installation.stack.kill(service, 'SIGKILL'));
    const orders = await Promise.all(ids.map((id) => shop.ended(id)));
    expect(new Set(ids).size).toBe(ORDERS);
    expect(orders.filter(({ status }) => status === 'COMPLETED')).toHaveLength(ORDERS * 0.8);
    await expectAllWell();
  });
});

test('a participant that is away: its orders wait, none is cancelled, all complete after its return', async () => {
  const people = await cast();
  await installation.stack.stop(['balance']);
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      place({ userId: people.rich, productId: people.productId, quantity: 1 }, `away-${people.productId}-${index}`),
    ),
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
  await expectAllWell();
});
