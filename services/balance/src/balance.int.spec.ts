import { newOrderId } from '@saga/messages/ids';
import { action, compensation } from '@saga/testkit/message-builders';
import { outcomes, participantContract, reasons, replicaOf } from '@saga/testkit/participant-contract';
import { readsByKeyContract } from '@saga/testkit/reads-by-key-contract';
import { bodiesOf, type ServiceUnderTest, serviceUnderTest } from '@saga/testkit/service-under-test';
import { testDatabase } from '@saga/testkit/test-database';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { balanceService } from './app.ts';
import { balanceParticipant } from './participant.ts';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await serviceUnderTest(balanceService, await testDatabase('balance'));
});
afterAll(() => service.close());

const post = (url: string, payload: object, headers = {}) =>
  service.app.inject({ method: 'POST', url, payload, headers });
const get = async (url: string) => (await service.app.inject(url)).json();

/** An account of its own for each test. */
async function newAccount(balance: number): Promise<number> {
  const response = await post('/accounts', { balance });
  return response.json().userId;
}
const deduct = (userId: number, amount: number) =>
  action('deduct-balance-command', { orderId: newOrderId(), userId, amount });
const replica = () => replicaOf(balanceParticipant, service.database);

const underTest = async () => ({
  participant: balanceParticipant,
  database: service.database,
  arrange: async () => {
    const deducted = deduct(await newAccount(1_000), 7);
    return { action: deducted, undo: compensation('refund-balance-command', deducted) };
  },
  effect: () => service.database.query('SELECT user_id, balance, added FROM accounts ORDER BY user_id'),
});
readsByKeyContract(underTest);
participantContract(underTest);

describe('money', () => {
  test('is taken from an account as long as there is enough', async () => {
    const userId = await newAccount(10);
    const replies = await replica().handle(deduct(userId, 6), deduct(userId, 6), deduct(userId, 4));
    expect(replies).toMatchObject([
      { body: { outcome: 'success', amount: 6, balanceAfter: 4 } },
      { body: { outcome: 'rejected', reason: { code: 'INSUFFICIENT_BALANCE' } } },
      { body: { outcome: 'success', amount: 4, balanceAfter: 0 } },
    ]);
    expect(await get(`/accounts/${userId}`)).toMatchObject({ balance: 0 });
  });

  test('of nobody cannot be taken', async () => {
    expect(reasons(await replica().handle(deduct(4_711, 1)))).toEqual(['ACCOUNT_UNKNOWN']);
  });

  test('is never spent twice: of forty payments on several replicas ten get the last of it', async () => {
    const userId = await newAccount(100);
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => replica().handle(deduct(userId, 10), deduct(userId, 10))),
    );
    expect(outcomes(replies.flat()).filter((outcome) => outcome === 'success')).toHaveLength(10);
    expect(await get(`/accounts/${userId}`)).toMatchObject({ balance: 0 });
  });
});

describe('payments', () => {
  test('are listed newest first, a page at a time, with what has become of them', async () => {
    const userId = await newAccount(10);
    const [paid, refunded] = [deduct(userId, 1), deduct(userId, 2)];
    await replica().handle(paid, refunded, compensation('refund-balance-command', refunded));
    const latest = deduct(userId, 3);
    await replica().handle(latest);

    const first = await get(`/accounts/${userId}/payments?limit=1`);
    expect(first.items).toMatchObject([
      { paymentId: latest.envelope.id, orderId: latest.key, amount: 3, status: 'PAID', createdAt: expect.any(String) },
    ]);
    const rest = await get(`/accounts/${userId}/payments?limit=200&cursor=${first.nextCursor}`);
    expect(
      new Set(rest.items.map(({ amount, status }: { amount: number; status: string }) => `${amount} ${status}`)),
    ).toEqual(new Set(['1 PAID', '2 REFUNDED']));
    expect(rest.nextCursor).toBeNull();
  });

  test('of nobody are not found', async () => {
    expect((await service.app.inject('/accounts/4711/payments')).statusCode).toBe(404);
  });
});

describe('accounts', () => {
  test('are opened under the ids they ask for, and the others are told', async () => {
    const response = await post('/accounts', { userId: 70_001, publicId: 'ada@example', balance: 5 });
    const ada = { userId: 70_001, publicId: 'ada@example', balance: 5 };
    expect([response.statusCode, response.headers.location, response.json()]).toEqual([201, '/accounts/70001', ada]);
    expect(await get('/accounts/70001')).toEqual(ada);
    const changed = { userId: 70_001, publicId: 'ada@example', version: 1 };
    await expect.poll(() => bodiesOf(service.published, 'account-changed')).toContainEqual(changed);
  });

  test('get ids that nobody has chosen', async () => {
    const drawn = await newAccount(0);
    await post('/accounts', { userId: drawn + 1, balance: 0 });
    await post('/accounts', { userId: 70_002, publicId: `user-${drawn + 2}`, balance: 0 });
    expect((await post('/accounts', { balance: 0 })).json()).toEqual({
      userId: drawn + 3,
      publicId: `user-${drawn + 3}`,
      balance: 0,
    });
  });

  test('have their ids alone, also when two ask for one at once', async () => {
    const twice = { userId: 70_003, balance: 0 };
    const answers = await Promise.all([post('/accounts', twice), post('/accounts', twice)]);
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 409]);
    expect((await post('/accounts', twice)).json()).toMatchObject({ code: 'DUPLICATE_ID' });
    expect((await post('/accounts', { publicId: 'user-70003', balance: 0 })).json()).toMatchObject({
      status: 409,
      code: 'DUPLICATE_PUBLIC_ID',
    });
  });

  test('are listed by user, a page at a time', async () => {
    await newAccount(1);
    const { items: all } = await get('/accounts?limit=200');
    const { items, nextCursor } = await get('/accounts?limit=1');
    expect(items).toEqual(all.slice(0, 1));
    expect((await get(`/accounts?limit=200&cursor=${nextCursor}`)).items).toEqual(all.slice(1));
  });

  test.each(['/accounts/4711', '/accounts/0', '/accounts/ada'])('%s is not found', async (url) => {
    expect((await service.app.inject(url)).statusCode).toBe(404);
  });
});

describe('charging', () => {
  test('adds money; with an Idempotency-Key only once', async () => {
    const userId = await newAccount(1);
    const headers = { 'idempotency-key': 'a transfer' };
    const answers = await Promise.all([1, 2].map(() => post(`/accounts/${userId}/charge`, { amount: 5 }, headers)));
    expect(answers.map((answer) => answer.json())).toEqual(
      [1, 2].map(() => ({ userId, publicId: `user-${userId}`, balance: 6 })),
    );
    await post(`/accounts/${userId}/charge`, { amount: 4 });
    expect(await get(`/accounts/${userId}`)).toMatchObject({ balance: 10 });
  });

  test('somebody unknown is answered with 404', async () => {
    expect((await post('/accounts/4711/charge', { amount: 1 })).statusCode).toBe(404);
  });

  test('is refused where what has been paid could not be refunded any more without an overflow', async () => {
    const userId = await newAccount(Number.MAX_SAFE_INTEGER);
    const paid = deduct(userId, 10);
    await replica().handle(paid);
    const response = await post(`/accounts/${userId}/charge`, { amount: 1 });
    expect([response.statusCode, response.json().errors]).toMatchObject([
      422,
      [{ pointer: '/amount', code: 'TOO_MUCH_MONEY' }],
    ]);
    await replica().handle(compensation('refund-balance-command', paid));
    expect(await get(`/accounts/${userId}`)).toMatchObject({ balance: Number.MAX_SAFE_INTEGER });
  });
});

describe('bad input names each field and changes nothing', () => {
  test.each<[string, string, object, string[]]>([
    ['nothing', '/accounts', {}, ['/balance']],
    ['a balance below zero', '/accounts', { balance: -1 }, ['/balance']],
    ['a balance of 10^18', '/accounts', { balance: 1e18 }, ['/balance']],
    ['ids that are none', '/accounts', { userId: 1.5, publicId: 'a/b', balance: 1 }, ['/userId', '/publicId']],
    ['an unknown field', '/accounts', { balance: 1, colour: 'red' }, ['/colour']],
    ['no money', '/accounts/1/charge', { amount: 0 }, ['/amount']],
    ['half a unit', '/accounts/1/charge', { amount: 0.5 }, ['/amount']],
  ])('%s', async (_what, url, payload, pointers) => {
    const before = await service.database.query('SELECT * FROM accounts ORDER BY user_id');
    const response = await post(url, payload);
    expect([response.statusCode, response.headers['content-type']]).toEqual([422, 'application/problem+json']);
    expect(response.json().errors.map((error: { pointer: string }) => error.pointer)).toEqual(pointers);
    expect(await service.database.query('SELECT * FROM accounts ORDER BY user_id')).toEqual(before);
  });
});
