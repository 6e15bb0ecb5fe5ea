import { describe, expect, inject, test } from 'vitest';
import { Shop } from './shop.ts';

const shop = new Shop(inject('serviceUrls'));

type Problem = { code: string; detail: string; errors?: { pointer: string; code: string }[] };

const post = (body: unknown, headers?: Record<string, string>) =>
  shop.send<Problem>('order', 'POST', '/orders', body, headers);

const countOrders = async () =>
  (await shop.get<{ items: unknown[] }>('order', '/orders?userId=1&limit=200')).items.length;

const valid = { userId: 1, items: [{ productId: 3, quantity: 1 }] };

describe('bad input gets a clear 4xx that names each field, and changes nothing', () => {
  test.each<[string, unknown, number, string[]]>([
    ['malformed JSON', '{"userId": 1,', 400, []],
    ['an unknown product', { ...valid, items: [{ productId: 999_999_999, quantity: 1 }] }, 422, ['/items/0/productId']],
    ['a negative quantity', { ...valid, items: [{ productId: 3, quantity: -1 }] }, 422, ['/items/0/quantity']],
    ['a fractional quantity', { ...valid, items: [{ productId: 3, quantity: 1.5 }] }, 422, ['/items/0/quantity']],
    ['a quantity of 10^18', '{"userId":1,"items":[{"productId":3,"quantity":1e18}]}', 422, ['/items/0/quantity']],
    ['an unknown field', { ...valid, colour: 'red' }, 422, ['/colour']],
    ['a wrong price', { ...valid, items: [{ productId: 3, quantity: 1, price: 1 }] }, 422, ['/items/0/price']],
    ['both forms at once', { ...valid, productId: 3, quantity: 1 }, 422, []],
    [
      'two faults at once',
      { ...valid, userId: 0, items: [{ productId: 3, quantity: 0 }] },
      422,
      ['/userId', '/items/0/quantity'],
    ],
    ['a coupon with ship-order', { ...valid, saga: 'ship-order', couponId: 100 }, 422, ['/couponId']],
  ])('%s', async (_name, body, status, pointers) => {
    const before = await countOrders();
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body.code).toEqual(expect.any(String));
    for (const pointer of pointers) expect(answer.body.errors?.map((error) => error.pointer)).toContain(pointer);
    expect(await countOrders()).toBe(before);
  });

  test('a coupon that is another user’s', async () => {
    const userId = await shop.user({ balance: 100_000 });
    const couponId = await shop.coupon({ userId, discountAmount: 1_000 });
    const answer = await shop.order({ ...valid, couponId });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ pointer: '/couponId', code: 'COUPON_NOT_OWNED' }] });
  });

  test('an unknown or malformed order id is not found', async () => {
    for (const id of ['00000000-0000-7000-8000-000000000000', 'nonsense', '1'])
      expect((await shop.send('order', 'GET', `/orders/${id}`)).status).toBe(404);
  });
});
