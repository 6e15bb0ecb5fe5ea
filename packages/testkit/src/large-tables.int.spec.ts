import { balanceService } from '@saga/balance/app';
import { forgetPayments } from '@saga/balance/forget-payments';
import { balanceLedger } from '@saga/balance/ledger';
import { couponLedger } from '@saga/coupon/ledger';
import { forgetDeliveries } from '@saga/delivery/forget-deliveries';
import { deliveryLedger } from '@saga/delivery/ledger';
import { FORGET_ENDED } from '@saga/orchestrator/adapters/postgres/forget-sagas';
import { ENDED_SAGAS } from '@saga/orchestrator/adapters/postgres/read-sagas';
import { orderService } from '@saga/order/app';
import { FORGET_ORDERS } from '@saga/order/forget-orders';
import { orderLedger } from '@saga/order/ledger';
import { FORGET_DISPATCHES } from '@saga/platform/forget-dispatches';
import { FORGET_RESERVATIONS } from '@saga/product/forget-reservations';
import { productLedger } from '@saga/product/ledger';
import { withConnection } from '@saga/tools/database-connection';
import type { ServiceName } from '@saga/tools/service-name';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ServiceUnderTest, serviceUnderTest } from './service-under-test.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

const ROWS = 100_000;
const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** An order a minute; what is done for one ends at once. */
const TIMES = `(
  SELECT n, now() - (${ROWS} - n) * interval '1 minute' AS at,
         (lpad(to_hex((extract(epoch FROM now() - (${ROWS} - n) * interval '1 minute') * 1000)::bigint), 12, '0')
           || '70008000' || lpad(to_hex(n), 12, '0'))::uuid AS order_id
  FROM generate_series(1, ${ROWS}) AS n) AS times`;

const tables: readonly [ServiceName, string, string][] = [
  [
    'order',
    'orders',
    `
    INSERT INTO orders (order_id, saga, user_id, items, total_amount, discount_amount, final_amount, traceparent,
                        created_at, status, cancel_reason, ended_at)
    SELECT order_id, 'place-order', n % 100 + 1, '[{"productId":1,"quantity":1,"unitPrice":1}]', 1, 0, 1, '', at,
           CASE WHEN n % 50 = 0 THEN 'CANCELLED' ELSE 'COMPLETED' END, '{"step":"s","code":"c","message":"m"}', at
    FROM ${TIMES}`,
  ],
  [
    'product',
    'reservations',
    `
    INSERT INTO reservations SELECT gen_random_uuid(), order_id, '[]', 'SETTLED' FROM ${TIMES}`,
  ],
  [
    'balance',
    'payments',
    `
    INSERT INTO payments SELECT gen_random_uuid(), order_id, n % 100 + 1, 1, 'PAID', at FROM ${TIMES}`,
  ],
  [
    'coupon',
    'coupons',
    `
    INSERT INTO coupons (user_id, discount_amount, action_id, order_id)
    SELECT n % 100 + 1, 1, gen_random_uuid(), order_id FROM ${TIMES}`,
  ],
  [
    'delivery',
    'deliveries',
    `
    INSERT INTO deliveries SELECT gen_random_uuid(), order_id, 1, '[]', NULL, 'CREATED', at FROM ${TIMES}`,
  ],
  [
    'platform',
    'dispatches',
    `
    INSERT INTO dispatches (order_id, body, status, sent_at) SELECT order_id, '{}', 'SENT', at FROM ${TIMES}`,
  ],
  [
    'orchestrator',
    'saga',
    `
    INSERT INTO saga (id, definition, definition_version, status, version, partition, state, started_at, updated_at, ended_at)
    SELECT order_id, 'place-order', 1, 'COMPLETED', 1, 0, '{}', at, at, at FROM ${TIMES}`,
  ],
  [
    'orchestrator',
    'journal',
    `
    INSERT INTO journal (saga_id, seq, at, message_id, message_type, incoming, effect, sent)
    SELECT order_id, seq, at, gen_random_uuid(), 'timer', '{}', '[]', '[]' FROM ${TIMES}, generate_series(1, 2) AS seq`,
  ],
];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  for (const [service, table, fill] of tables)
    await withConnection(database.url(service), async (client) => {
      await client.query(fill);
      await client.query(`VACUUM ANALYZE ${table}`);
    });
});

type Plan = { 'Node Type': string; 'Relation Name'?: string; Plans?: Plan[] };

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** As it is run: prepared once, for whatever values come, or for these. */
const planOf = (service: ServiceName, mode: string, statement: string, values: readonly unknown[]): Promise<Plan[]> =>
  withConnection(database.url(service), async (client) => {
    await client.query(`SET plan_cache_mode = ${mode}`);
    await client.query(`PREPARE planned AS ${statement}`);
    const { rows } = await client.query(
      `EXPLAIN (FORMAT JSON) EXECUTE planned (${values.map((value) => pg.escapeLiteral(String(value))).join(', ')})`,
    );
    return nodesOf(rows[0]['QUERY PLAN'][0].Plan);
  });

const windowOf = async (): Promise<unknown[]> =>
  withConnection(database.url('order'), async (client) => {
    const { rows } = await client.query('SELECT order_id FROM orders ORDER BY order_id OFFSET 50000 LIMIT 1001');
    return [rows[0].order_id, rows[1_000].order_id, 1_000];
  });

const OLD = [FIRST_ID, 1_000, 30];

describe.each(['force_custom_plan', 'force_generic_plan'])('%s', (mode) => {
  test.each([
    ['order', orderLedger.effects],
    ['product', productLedger.effects],
    ['balance', balanceLedger.effects],
    ['coupon', couponLedger.effects],
    ['delivery', deliveryLedger.effects],
  ] as const)('a window of the ledger of %s is read along its index', async (service, statement) => {
    const nodes = await planOf(service, mode, statement, await windowOf());
    expect(nodes.map((node) => node['Node Type'])).not.toContain('Seq Scan');
  });

  test.each([
    ['order', FORGET_ORDERS],
    ['product', FORGET_RESERVATIONS],
    ['balance', forgetPayments.old],
    ['delivery', forgetDeliveries.old],
    ['platform', FORGET_DISPATCHES],
    ['orchestrator', FORGET_ENDED],
  ] as const)('what %s may forget is found along an index, a chunk at a time (trap 21)', async (service, statement) => {
    await expectNoScan(service, mode, statement, OLD);
  });

  test('which sagas of a window have ended is found along an index', async () => {
    await expectNoScan('orchestrator', mode, ENDED_SAGAS, await windowOf());
  });

  test.each([
    ['balance', forgetPayments.forget],
    ['delivery', forgetDeliveries.forget],
  ] as const)('what %s forgets is found along an index', async (service, statement) => {
    await expectNoScan(service, mode, statement, [`{${FIRST_ID}}`]);
  });
});

/** Small tables may be read whole. */
async function expectNoScan(service: ServiceName, mode: string, statement: string, values: readonly unknown[]) {
  const large = tables.filter(([owner]) => owner === service).map(([, table]) => table);
  const nodes = await planOf(service, mode, statement, values);
  const scanned = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']);
  expect(large.filter((table) => scanned.includes(table))).toEqual([]);
}

/** How many rows of a table were read so far, and how often all of them were. */
async function readOf(service: ServiceName, table: string): Promise<{ rows: number; scans: number }> {
  return withConnection(database.url(service), async (client) => {
    const { rows } = await client.query(
      `SELECT seq_scan AS scans, idx_tup_fetch AS rows FROM pg_stat_user_tables WHERE relname = $1`,
      [table],
    );
    return { rows: Number(rows[0].rows), scans: Number(rows[0].scans) };
  });
}

describe('a list over HTTP reads little more than it shows', () => {
  test.each([
    [
      'order',
      'orders',
      orderService,
      ['/orders', '/orders?userId=7', '/orders?status=CANCELLED', '/orders?userId=7&status=COMPLETED'],
    ],
    ['balance', 'payments', balanceService, ['/accounts/7/payments']],
  ] as const)('%s, also after many pages', async (name, table, definition, urls) => {
    if (name === 'balance')
      await withConnection(database.url(name), (client) =>
        client.query(`INSERT INTO accounts VALUES (7, 'user-7', 0, 1000000) ON CONFLICT DO NOTHING`),
      );
    const service: ServiceUnderTest = await serviceUnderTest<never, never>(definition as never, database.url(name), {
      RETENTION_DAYS: '36500',
    });
    const before = await readOf(name, table);
    let shown = 0;
    for (const url of urls) {
      let cursor = '';
      for (let pages = 0; pages < 5; pages += 1) {
        const { items, nextCursor } = (
          await service.app.inject(`${url}${url.includes('?') ? '&' : '?'}limit=100${cursor}`)
        ).json();
        shown += items.length;
        cursor = `&cursor=${nextCursor}`;
      }
    }
    await service.close();
    await expect
      .poll(async () => (await readOf(name, table)).rows, { timeout: 60_000 })
      .toBeGreaterThan(before.rows + shown / 2);
    const after = await readOf(name, table);
    expect(shown).toBe(urls.length * 500);
    expect(after.scans).toBe(before.scans);
    expect(after.rows - before.rows).toBeLessThan(shown * 1.5);
  });
});
