import { violations } from '@saga/testkit/invariants';
import { reconcile } from '@saga/tools/reconcile';
import { serviceNames } from '@saga/tools/service-name';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ShopInThisProcess, shopInThisProcess } from './shop-in-this-process.ts';

/** More than RETENTION_DAYS, and no more than the days for which the orchestrator still knows the end. */
const OLD_FOR_THE_SERVICES = 93;
const OLD_FOR_THE_ORCHESTRATOR = 100;

let here: ShopInThisProcess;
beforeAll(async () => {
  here = await shopInThisProcess();
});
afterAll(() => here.stack.stop());

/** As if everything of this order had happened so long ago: its id tells its time. Returns that id. */
async function age(orderId: string, days: number): Promise<string> {
  const millis = Number.parseInt(orderId.replace('-', '').slice(0, 12), 16) - days * 24 * 60 * 60 * 1_000;
  const hex = millis.toString(16).padStart(12, '0');
  const aged = `${hex.slice(0, 8)}-${hex.slice(8)}${orderId.slice(13)}`;
  const columns = {
    '"order".orders': 'order_id',
    'product.reservations': 'order_id',
    'balance.payments': 'order_id',
    'coupon.coupons': 'order_id',
    'delivery.deliveries': 'order_id',
    'orchestrator.saga': 'id',
    'orchestrator.journal': 'saga_id',
  };
  for (const [table, column] of Object.entries(columns))
    await here.execute(`UPDATE ${table} SET ${column} = $2 WHERE ${column} = $1`, [orderId, aged]);
  for (const [table, column] of [
    ['"order".orders', 'order_id'],
    ['orchestrator.saga', 'id'],
  ])
    await here.execute(`UPDATE ${table} SET ended_at = ended_at - $2::int * interval '1 day' WHERE ${column} = $1`, [
      aged,
      days,
    ]);
  return aged;
}

const KEPT = `
  SELECT 'order' AS what FROM "order".orders WHERE order_id = $1
  UNION ALL SELECT 'saga' FROM orchestrator.saga WHERE id = $1
  UNION ALL SELECT DISTINCT 'journal' FROM orchestrator.journal WHERE saga_id = $1
  UNION ALL SELECT 'reservation' FROM product.reservations WHERE order_id = $1
  UNION ALL SELECT 'payment' FROM balance.payments WHERE order_id = $1
  UNION ALL SELECT 'delivery' FROM delivery.deliveries WHERE order_id = $1
  UNION ALL SELECT 'dispatch' FROM platform.dispatches WHERE order_id = $1
  ORDER BY what`;
const kept = async (orderId: string) => (await here.execute(KEPT, [orderId])).map(({ what }) => what);

const EVERYTHING = ['delivery', 'dispatch', 'journal', 'order', 'payment', 'reservation', 'saga'];
const AT_THE_ORCHESTRATOR: unknown[] = ['journal', 'saga'];

test('every service forgets what ended long ago; what was sold and paid still adds up (trap 21)', async () => {
  const recent = await here.ended(100_000);
  const [completed, cancelled, open] = [await here.ended(100_000), await here.ended(1), await here.ended(100_000)];
  const [completedId, cancelledId, openId] = await Promise.all(
    [completed, cancelled, open].map(({ orderId }) => age(orderId, OLD_FOR_THE_SERVICES)),
  );
  if (!completedId || !cancelledId || !openId) throw new Error('three orders were aged');
  for (const id of [completedId, cancelledId, openId])
    await here.execute(
      `INSERT INTO platform.dispatches (order_id, body, status, sent_at)
       VALUES ($1, '{}', 'SENT', now() - $2::int * interval '1 day')`,
      [id, OLD_FOR_THE_SERVICES],
    );
  await here.execute(`UPDATE orchestrator.saga SET ended_at = NULL, status = 'COMPENSATING' WHERE id = $1`, [openId]);
  expect(await kept(completedId)).toEqual(EVERYTHING);

  // What is to be forgotten is looked for at every start; balance and delivery ask the orchestrator.
  await here.stack.stop();
  await here.stack.start(['orchestrator']);
  await here.stack.start(serviceNames.filter((name) => name !== 'orchestrator'));

  const { shop } = here;
  await shop.until(
    () => kept(completedId),
    (left) => left.every((what) => AT_THE_ORCHESTRATOR.includes(what)),
    'the completed order to be forgotten by the services',
  );
  await shop.until(
    () => kept(cancelledId),
    (left) => left.every((what) => AT_THE_ORCHESTRATOR.includes(what)),
    'the cancelled order to be forgotten by the services',
  );
  expect(await kept(completedId), 'its end can still be asked for').toEqual(AT_THE_ORCHESTRATOR);
  expect(await kept(openId), 'it may yet have to be undone').toEqual(['delivery', 'journal', 'payment', 'saga']);
  expect(await kept(recent.orderId)).toEqual(EVERYTHING.filter((what) => what !== 'dispatch'));

  expect(await shop.stock(completed.productId)).toMatchObject({ available: 3, reserved: 0, sold: 2 });
  expect(await shop.balance(completed.userId)).toBe(100_000 - completed.finalAmount);
  const sums = (await violations(here.databaseUrl)).filter(({ invariant }) => /^(stock|money)/.test(invariant));
  expect(sums).toEqual([]);
  expect(await Array.fromAsync(reconcile(here.stack.services.orchestrator.url))).toEqual([]);

  const [olderCompleted = '', olderCancelled = '', olderOpen = ''] = await Promise.all(
    [completedId, cancelledId, openId].map((id) => age(id, OLD_FOR_THE_ORCHESTRATOR - OLD_FOR_THE_SERVICES)),
  );
  await here.stack.stop();
  await here.stack.start(['orchestrator']);
  await shop.until(
    async () => [...(await kept(olderCompleted)), ...(await kept(olderCancelled))],
    (left) => left.length === 0,
    'the orchestrator to forget them too',
  );
  expect(await kept(olderOpen)).toEqual(['delivery', 'journal', 'payment', 'saga']);
});
