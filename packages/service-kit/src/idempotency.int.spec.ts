import { testDatabase } from '@saga/testkit/infrastructure';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createPool, type Database, postgresDatabase } from './database.ts';
import { answerOnce, once } from './idempotency.ts';

const AT_ONCE = 20;
const answer = z.object({ total: z.int() });

let pool: ReturnType<typeof createPool>;
let database: Database;
let key = 0;
beforeAll(async () => {
  const url = await testDatabase('product');
  pool = createPool({ url, maxConnections: 10, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 });
  database = postgresDatabase(pool);
  await database.query('CREATE TABLE sums (total bigint NOT NULL)');
});
afterAll(() => pool.end());
beforeEach(async () => {
  key += 1;
  await database.query('TRUNCATE sums');
  await database.query('INSERT INTO sums VALUES (0)');
});

const add = (amount: number, givenKey: string | undefined = `key ${key}`, caller = 'user 1') =>
  answerOnce(database, once(`add ${caller}`, givenKey, { amount }), answer, async (sql) => {
    const [sum] = await sql.query<{ total: number }>('UPDATE sums SET total = total + $1::bigint RETURNING total', [
      amount,
    ]);
    if (!sum) throw new Error('there is no sum');
    return sum;
  });

describe('a request with an Idempotency-Key', () => {
  it('takes effect once, however often it comes', async () => {
    expect([await add(5), await add(5), await add(5)]).toEqual([{ total: 5 }, { total: 5 }, { total: 5 }]);
  });

  it('takes effect once, however many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: AT_ONCE }, () => add(5)));
    expect(answers).toEqual(Array(AT_ONCE).fill({ total: 5 }));
    expect(await add(1, 'another')).toEqual({ total: 6 });
  });

  it('is refused when the key came with another body before', async () => {
    await add(5);
    await expect(add(6)).rejects.toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
  });

  it("has a key of its caller's own", async () => {
    await add(5);
    expect(await add(6, `key ${key}`, 'user 2')).toEqual({ total: 11 });
  });

  it('that failed may be sent again', async () => {
    const request = once('add', `key ${key}`, {});
    const failing = answerOnce(database, request, answer, () => Promise.reject(new Error('out of luck')));
    await expect(failing).rejects.toThrow('out of luck');
    expect(await answerOnce(database, request, answer, async () => ({ total: 1 }))).toEqual({ total: 1 });
  });
});

describe('a request without one', () => {
  it('takes effect every time', async () => {
    const request = () => answerOnce(database, once('add', undefined, {}), answer, async () => ({ total: key }));
    expect([await request(), await request()]).toEqual([{ total: key }, { total: key }]);
    expect(await database.query("SELECT 1 FROM idempotency WHERE scope = 'add' AND key IS NULL")).toEqual([]);
  });
});
