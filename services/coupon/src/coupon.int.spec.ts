import { newOrderId } from '@saga/messages/ids';
import { action, compensation } from '@saga/testkit/message-builders';
import { outcomes, participantContract, reasons, replicaOf } from '@saga/testkit/participant-contract';
import { readsByKeyContract } from '@saga/testkit/reads-by-key-contract';
import { bodiesOf, type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { couponService } from './app.ts';
import { couponParticipant } from './participant.ts';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await serviceUnderTest(couponService, await testDatabase('coupon'));
});
afterAll(() => service.close());

const USER = 1;
const post = (payload: object) => service.app.inject({ method: 'POST', url: '/coupons', payload });
const get = async (url: string) => (await service.app.inject(url)).json();

/** A coupon of its own for each test. */
async function newCoupon(expiresAt?: string): Promise<number> {
  const response = await post({ userId: USER, discountAmount: 1_000, expiresAt });
  return response.json().couponId;
}
const use = (couponId: number, discountAmount = 1_000) =>
  action('use-coupon-command', { orderId: newOrderId(), couponId, userId: USER, totalAmount: 5_000, discountAmount });
const replica = () => replicaOf(couponParticipant, service.database);

const underTest = async () => ({
  participant: couponParticipant,
  database: service.database,
  arrange: async () => {
    const used = use(await newCoupon());
    return { action: used, undo: compensation('restore-coupon-command', used) };
  },
  effect: () => service.database.query('SELECT coupon_id, action_id, order_id FROM coupons ORDER BY coupon_id'),
});
readsByKeyContract(underTest);
participantContract(underTest);

describe('a coupon', () => {
  test('is used by one order of many that come at once', async () => {
    const couponId = await newCoupon();
    const uses = Array.from({ length: 10 }, () => use(couponId));
    const replies = (await Promise.all(uses.map((used) => replica().handle(used)))).flat();
    expect(outcomes(replies).filter((outcome) => outcome === 'success')).toHaveLength(1);
    expect(new Set(reasons(replies))).toEqual(new Set(['COUPON_ALREADY_USED']));
    const winner = replies.find(({ body }) => 'outcome' in body && body.outcome === 'success');
    expect(await get(`/coupons/${couponId}`)).toMatchObject({ status: 'USED', orderId: winner?.key });
  });

  test('that was restored can be used by another order, and stays with that one', async () => {
    const couponId = await newCoupon();
    const [first, second] = [use(couponId), use(couponId)];
    const undo = compensation('restore-coupon-command', first);
    expect(outcomes(await replica().handle(first, undo, second))).toEqual(['success', 'success', 'success']);
    await replica().handle(undo, compensation('restore-coupon-command', first, { generation: 1 }));
    expect(await get(`/coupons/${couponId}`)).toMatchObject({ status: 'USED', orderId: second.key });
  });

  test('that has expired, by the clock of the database, is refused', async () => {
    const couponId = await newCoupon('2020-01-01T00:00:00+09:00');
    expect(reasons(await replica().handle(use(couponId)))).toEqual(['COUPON_EXPIRED']);
    expect(await get(`/coupons/${couponId}`)).toMatchObject({
      status: 'EXPIRED',
      expiresAt: '2019-12-31T15:00:00.000Z',
      orderId: null,
    });
  });

  test('is refused where it does not take off what the order counted on', async () => {
    expect(reasons(await replica().handle(use(await newCoupon(), 999)))).toEqual(['DISCOUNT_CHANGED']);
  });
});

describe('coupons', () => {
  test('are issued under the id they ask for, and the others are told', async () => {
    const response = await post({
      couponId: 70_001,
      userId: 2,
      discountAmount: 500,
      expiresAt: '2099-01-01T00:00:00Z',
    });
    const issued = { couponId: 70_001, userId: 2, discountAmount: 500, expiresAt: '2099-01-01T00:00:00.000Z' };
    const shown = { ...issued, status: 'ISSUED', orderId: null };
    expect([response.statusCode, response.headers.location, response.json()]).toEqual([201, '/coupons/70001', shown]);
    expect(await get('/coupons/70001')).toEqual(shown);
    await expect.poll(() => bodiesOf(service.published, 'coupon-changed')).toContainEqual({ ...issued, version: 1 });
    expect((await post({ couponId: 70_001, userId: 2, discountAmount: 500 })).json()).toMatchObject({
      status: 409,
      code: 'DUPLICATE_ID',
    });
  });

  test('get ids that nobody has chosen', async () => {
    const drawn = await newCoupon();
    await post({ couponId: drawn + 1, userId: USER, discountAmount: 1 });
    expect(await newCoupon()).toBe(drawn + 2);
  });

  test("are listed by id, a page at a time, also one user's alone", async () => {
    for (const _ of [1, 2, 3]) await post({ userId: 9, discountAmount: 1 });
    const { items, nextCursor } = await get('/coupons?userId=9&limit=2');
    const rest = await get(`/coupons?userId=9&limit=2&cursor=${nextCursor}`);
    expect([...items, ...rest.items].map(({ userId }) => userId)).toEqual([9, 9, 9]);
    expect(rest.nextCursor).toBeNull();
  });

  test.each(['/coupons/4711', '/coupons/0', '/coupons/x'])('%s is not found', async (url) => {
    expect((await service.app.inject(url)).statusCode).toBe(404);
  });
});

describe('bad input names each field and changes nothing', () => {
  test.each<[string, object, string[]]>([
    ['nothing', {}, ['/userId', '/discountAmount']],
    ['a discount of nothing', { userId: 1, discountAmount: 0 }, ['/discountAmount']],
    ['a discount of 10^18', { userId: 1, discountAmount: 1e18 }, ['/discountAmount']],
    ['ids that are none', { couponId: 0, userId: '1', discountAmount: 1 }, ['/couponId', '/userId']],
    ['a time that is none', { userId: 1, discountAmount: 1, expiresAt: 'tomorrow' }, ['/expiresAt']],
    ['a time without its offset', { userId: 1, discountAmount: 1, expiresAt: '2099-01-01T00:00:00' }, ['/expiresAt']],
    ['a time out of range', { userId: 1, discountAmount: 1, expiresAt: '0001-01-01T00:00:00Z' }, ['/expiresAt']],
    ['an unknown field', { userId: 1, discountAmount: 1, colour: 'red' }, ['/colour']],
  ])('%s', async (_what, payload, pointers) => {
    const before = await service.database.query('SELECT * FROM coupons ORDER BY coupon_id');
    const response = await post(payload);
    expect([response.statusCode, response.headers['content-type']]).toEqual([422, 'application/problem+json']);
    expect(response.json().errors.map((error: { pointer: string }) => error.pointer)).toEqual(pointers);
    expect(await service.database.query('SELECT * FROM coupons ORDER BY coupon_id')).toEqual(before);
  });
});
