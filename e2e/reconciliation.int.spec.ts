import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Difference, reconcile } from '@saga/tools/reconcile';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ShopInThisProcess, shopInThisProcess } from './shop-in-this-process.ts';

/** Differences are made by hand, in the tables. */
let here: ShopInThisProcess;
beforeAll(async () => {
  here = await shopInThisProcess();
});
afterAll(() => here.stack.stop());

const execute = (statement: string, values: unknown[]) => here.execute(statement, values);

async function differences(about: string): Promise<string[]> {
  const found: Difference[] = await Array.fromAsync(reconcile(here.stack.services.orchestrator.url));
  return found.filter(({ message }) => message.includes(about)).map(({ code, message }) => `${code}: ${message}`);
}

const completed = () => here.ended(100_000);
const cancelled = () => here.ended(1);

/** What ended long ago has had time to settle. */
const longAgo = (orderId: string) =>
  execute(`UPDATE orchestrator.saga SET state = jsonb_set(state::jsonb, '{endedAt}', '0')::json WHERE id = $1`, [
    orderId,
  ]);

test('orders that completed, were cancelled or are under way make no difference', async () => {
  const orders = await Promise.all([completed(), cancelled()]);
  for (const { orderId } of orders) expect(await differences(orderId)).toEqual([]);
  const { shop } = here;
  const productId = await shop.product({ stock: 100 });
  const userId = await shop.user({ balance: 10_000_000 });
  const running = await Promise.all(
    Array.from({ length: 50 }, () => shop.order({ userId, items: [{ productId, quantity: 2 }] })),
  );
  const meanwhile: string[] = [];
  for (const { body } of running) {
    meanwhile.push(...(await differences('')));
    await shop.endedSaga(body.orderId);
  }
  expect(meanwhile).toEqual([]);
  expect(await command()).toMatchObject({ code: 0, said: 'the sagas and the services’ books agree\n' });
});

describe('a difference between an order and its saga', () => {
  test('the order has no saga', async () => {
    const { orderId } = await completed();
    await execute('DELETE FROM orchestrator.saga WHERE id = $1', [orderId]);
    const found = await differences(orderId);
    expect(found).toHaveLength(5);
    expect(found[0]).toMatch(
      /^ORDER_WITHOUT_SAGA: order .* is COMPLETED .* the orchestrator has no saga of it: its saga/,
    );
    expect(found.slice(1).join()).toMatch(/product holds .* SETTLED.*balance holds .* PAID/);
  });

  test('the order waits for a saga that never began', async () => {
    const { orderId } = await completed();
    const lost = `00000000${randomUUID().slice(8)}`;
    await execute(
      `INSERT INTO "order".orders
       SELECT (jsonb_populate_record(orders, jsonb_build_object('order_id', $2::text, 'status', 'PENDING'))).*
       FROM "order".orders WHERE order_id = $1`,
      [orderId, lost],
    );
    expect(await differences(lost), 'it is older than what is kept').toEqual([]);
    const recent = new Date(Date.now() - 120_000).getTime().toString(16).padStart(12, '0');
    const late = `${recent.slice(0, 8)}-${recent.slice(8)}${randomUUID().slice(13)}`;
    await execute('UPDATE "order".orders SET order_id = $2 WHERE order_id = $1', [lost, late]);
    expect(await differences(late)).toMatchObject([
      expect.stringMatching(/^ORDER_WITHOUT_SAGA: .* is PENDING .*: it is announced again by itself/),
    ]);
  });

  test('the saga has no order', async () => {
    const { orderId } = await cancelled();
    await execute('DELETE FROM "order".orders WHERE order_id = $1', [orderId]);
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(/^SAGA_WITHOUT_ORDER: .* not known to the order service, and its saga is COMPENSATED/),
    ]);
  });

  test('the order is COMPLETED and its saga COMPENSATED', async () => {
    const { orderId } = await cancelled();
    await execute(`UPDATE "order".orders SET status = 'COMPLETED' WHERE order_id = $1`, [orderId]);
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(/^ORDER_STATUS: .* is COMPLETED in the order service, and its saga is COMPENSATED: look/),
    ]);
  });
});

describe('a difference between a saga and what the services did', () => {
  test('a payment was deleted: it is missed, and the account does not add up', async () => {
    const { orderId, userId } = await completed();
    await execute('DELETE FROM balance.payments WHERE order_id = $1', [orderId]);
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(/^EFFECT_MISSING: .* balance holds nothing .* COMPLETED, was told that it succeeded/),
    ]);
    expect(await differences(`user ${userId}`)).toMatchObject([
      expect.stringMatching(/^SUMS: the account of user .* does not add up in balance: 100000 was put in, and the/),
    ]);
  });

  test('a payment of another amount', async () => {
    const { orderId } = await completed();
    await execute('UPDATE balance.payments SET amount = 7 WHERE order_id = $1', [orderId]);
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(/^EFFECT_DIFFERS: .* PAID with amount 7, and its saga was told amount 19500/),
    ]);
  });

  test('a reservation that nobody asked for', async () => {
    const { orderId, productId } = await completed();
    await execute(
      `INSERT INTO product.reservations SELECT gen_random_uuid(), order_id, items, 'RESERVED'
       FROM product.reservations WHERE order_id = $1`,
      [orderId],
    );
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(/^EFFECT_NOT_ASKED_FOR: .* product holds .* RESERVED, and its saga never asked for it/),
    ]);
    expect(await differences(`product ${productId} `)).toMatchObject([
      expect.stringMatching(/^SUMS: .* 0 reserved and 2 sold; the reservations hold 2 reserved and 2 sold/),
    ]);
  });

  test('a reservation that was not settled long after its order was completed', async () => {
    const { orderId } = await completed();
    await execute(`UPDATE product.reservations SET status = 'RESERVED' WHERE order_id = $1`, [orderId]);
    expect(await differences(orderId), 'it may be on its way').toEqual([]);
    await longAgo(orderId);
    expect(await differences(orderId)).toMatchObject([expect.stringMatching(/^EFFECT_NOT_SETTLED: .* RESERVED, not/)]);
  });

  test('a cancelled order whose stock was not put back', async () => {
    const { orderId } = await cancelled();
    await execute(`UPDATE product.reservations SET status = 'RESERVED' WHERE order_id = $1`, [orderId]);
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(
        /^EFFECT_NOT_UNDONE: .* product holds .* RESERVED, and its saga was told that it was undone/,
      ),
    ]);
  });

  test('a delivery for a cancelled order', async () => {
    const { orderId } = await cancelled();
    await execute(`INSERT INTO delivery.deliveries VALUES (gen_random_uuid(), $1, 1, '[]', NULL, 'CREATED', now())`, [
      orderId,
    ]);
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(/^EFFECT_NOT_ASKED_FOR: .* delivery holds .* CREATED, and its saga never asked for it/),
    ]);
  });

  test('a payment that was refused, and taken all the same', async () => {
    const { orderId } = await cancelled();
    await execute(
      `INSERT INTO balance.payments
       SELECT (state -> 'steps' -> 'balance' -> 'runs' -> 0 -> 'action' ->> 'commandId')::uuid, id, 1, 5, 'PAID'
       FROM orchestrator.saga WHERE id = $1`,
      [orderId],
    );
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(/^EFFECT_REFUSED: .* balance holds .* PAID, and its saga was told that it was refused/),
    ]);
  });

  test('a coupon that a cancelled order has used', async () => {
    const { orderId, userId } = await cancelled();
    await execute('UPDATE coupon.coupons SET action_id = gen_random_uuid(), order_id = $1 WHERE user_id = $2', [
      orderId,
      userId,
    ]);
    expect(await differences(orderId)).toMatchObject([
      expect.stringMatching(/^EFFECT_NOT_ASKED_FOR: .* coupon holds .* USED/),
    ]);
  });

  test('stock that does not add up', async () => {
    const { productId } = await completed();
    await execute('UPDATE product.products SET available = available + 1, sold = sold - 1 WHERE product_id = $1', [
      productId,
    ]);
    expect(await differences(`product ${productId} `)).toMatchObject([
      expect.stringMatching(
        /^SUMS: .* 4 are available, 0 reserved and 1 sold; the reservations hold 0 reserved and 2 sold/,
      ),
    ]);
  });
});

/** As a person runs it. */
async function command(...flags: string[]): Promise<{ code: unknown; said: string; complained: string }> {
  const program = fileURLToPath(import.meta.resolve('@saga/tools/reconcile'));
  const env = { ...process.env, ORCHESTRATOR_URL: here.stack.services.orchestrator.url };
  return promisify(execFile)(process.execPath, [program, ...flags], { env }).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout, complained: stderr }),
    ({ code, stdout, stderr }) => ({ code, said: stdout, complained: stderr }),
  );
}

test('the command prints every difference and its exit code tells whether there is one', async () => {
  const { orderId } = await cancelled();
  await execute(`UPDATE "order".orders SET status = 'COMPLETED' WHERE order_id = $1`, [orderId]);
  const { code, said } = await command();
  expect(code).toBe(1);
  expect(said).toContain(`order ${orderId} is COMPLETED in the order service, and its saga is COMPENSATED`);
  expect(said).toMatch(/\d+ differences\n$/);
});

test('the command refuses what it does not know', async () => {
  expect(await command('--nope')).toMatchObject({ code: 2, said: '', complained: expect.stringMatching(/^usage: /) });
});

test('what cannot be compared is not said to agree: it is told what was not read, by an exit code of its own', async () => {
  await here.stack.stop(['delivery']);
  await expect(differences('')).rejects.toThrow(/503: .*the books of delivery, cannot be read/);
  const { code, said, complained } = await command();
  expect({ code, said }).toEqual({ code: 2, said: '' });
  expect(complained).toMatch(
    /^not compared: .*\/reconciliation answered 503: .*the books of delivery, cannot be read: .*\n$/,
  );
  await here.stack.stop(['orchestrator']);
  expect(await command()).toMatchObject({
    code: 2,
    complained: expect.stringMatching(/^not compared: .*ECONNREFUSED/),
  });
});
