import { expect, inject, test } from 'vitest';
import { Shop } from './shop.ts';

const shop = new Shop(inject('serviceUrls'));

test('ten orders at once for the last three pieces: exactly three complete', async () => {
  const productId = await shop.product({ stock: 3 });
  const userId = await shop.user({ balance: 1_000_000 });
  const orders = await Promise.all(
    Array.from({ length: 10 }, () => shop.orderToItsEnd({ userId, productId, quantity: 1 })),
  );
  expect(orders.filter(({ status }) => status === 'COMPLETED')).toHaveLength(3);
  const refused = orders.filter(({ status }) => status === 'CANCELLED');
  expect(refused.map(({ cancelReason }) => cancelReason?.code)).toEqual(Array(7).fill('OUT_OF_STOCK'));
  await shop.until(
    () => shop.stock(productId),
    ({ available, reserved, sold }) => available === 0 && reserved === 0 && sold === 3,
    'three pieces to be sold',
  );
  expect(await shop.balance(userId)).toBe(970_000);
});

test('the same request twice with one Idempotency-Key is one order', async () => {
  const productId = await shop.product({ stock: 10 });
  const userId = await shop.user({ balance: 1_000_000 });
  const body = { userId, productId, quantity: 1 };
  const headers = { 'idempotency-key': `key-${productId}` };
  const answers = await Promise.all(Array.from({ length: 5 }, () => shop.order(body, '/orders', headers)));
  const ids = new Set(answers.map((answer) => answer.body.orderId));
  expect(answers.map(({ status }) => status)).toEqual(Array(5).fill(202));
  expect(ids.size).toBe(1);
  expect((await shop.order({ ...body, quantity: 2 }, '/orders', headers)).status).toBe(422);
  for (const id of ids) expect((await shop.ended(id)).status).toBe('COMPLETED');
  expect(await shop.balance(userId)).toBe(990_000);
});

test('without a key, the same request twice is two orders', async () => {
  const productId = await shop.product({ stock: 10 });
  const userId = await shop.user({ balance: 1_000_000 });
  const body = { userId, productId, quantity: 1 };
  const [first, second] = await Promise.all([shop.orderToItsEnd(body), shop.orderToItsEnd(body)]);
  expect(first.orderId).not.toBe(second.orderId);
  expect(await shop.balance(userId)).toBe(980_000);
});
