import { withConnection } from '@saga/tools/database-connection';

/**
 * Rows of so many orders that have completed within the last hours: as many and with the same indexes as real ones
 * leave, ids in the order of time where they are so and scattered where they are not. Only the JSON is short: nothing
 * reads it, and with it they would fill twenty gigabytes.
 */
export async function fillWithFinishedSagas(databaseUrl: string, count: number): Promise<void> {
  await withConnection(databaseUrl, async (client) => {
    await client.query('SET synchronous_commit = off');
    await client.query(`
      CREATE TABLE public.finished AS
      SELECT n, uuidv7(make_interval(secs => (n - ${count}) * 0.01)) AS id FROM generate_series(1, ${count}) AS n`);
  });
  // A connection for each service: their tables have nothing to do with each other.
  await Promise.all(
    Object.values(STATEMENTS).map((statements) =>
      withConnection(databaseUrl, async (client) => {
        await client.query('SET synchronous_commit = off');
        for (const statement of statements) await client.query(statement);
      }),
    ),
  );
  await withConnection(databaseUrl, (client) => client.query('DROP TABLE public.finished'));
}

const PRODUCT = '1 + n % 1000';
const USER = '1 + n % 10000';
const inbox = (schema: string, rows: number) => `
  INSERT INTO ${schema}.inbox (id, replies)
  SELECT gen_random_uuid(), '[]' FROM public.finished, generate_series(1, ${rows})`;

const STATEMENTS: Readonly<Record<string, readonly string[]>> = {
  orchestrator: [
    `INSERT INTO orchestrator.saga (id, definition, definition_version, status, version, partition, state,
                                    started_at, updated_at, ended_at)
     SELECT id, 'place-order', 1, 'COMPLETED', 6, n % 4, '{}', now(), now(), now() FROM public.finished`,
    `INSERT INTO orchestrator.journal (saga_id, seq, at, message_id, message_type, incoming, effect, sent)
     SELECT id, seq, now(), gen_random_uuid(), 'balance-deducted', '{}', '[]', '[]'
     FROM public.finished, generate_series(1, 6) AS seq`,
  ],
  order: [
    `INSERT INTO "order".orders (order_id, saga, user_id, items, total_amount, discount_amount, final_amount, traceparent,
                                 created_at, status, payment_id, delivery_id, ended_at)
     SELECT id, 'place-order', ${USER}, '[]', 10000, 0, 10000, '', now(), 'COMPLETED', gen_random_uuid(),
            gen_random_uuid(), now()
     FROM public.finished`,
    inbox('"order"', 2),
  ],
  product: [
    `INSERT INTO product.reservations (action_id, order_id, items, status)
     SELECT gen_random_uuid(), id, json_build_array(json_build_object('productId', ${PRODUCT}, 'quantity', 1)), 'SETTLED'
     FROM public.finished`,
    `UPDATE product.products SET available = available - orders, sold = sold + orders
     FROM (SELECT ${PRODUCT} AS id, count(*) AS orders FROM public.finished GROUP BY 1) AS done WHERE product_id = id`,
    inbox('product', 2),
  ],
  balance: [
    `INSERT INTO balance.payments (action_id, order_id, user_id, amount, status)
     SELECT gen_random_uuid(), id, ${USER}, 10000, 'PAID' FROM public.finished`,
    `UPDATE balance.accounts SET balance = balance - 10000 * orders
     FROM (SELECT ${USER} AS id, count(*) AS orders FROM public.finished GROUP BY 1) AS done WHERE user_id = id`,
    inbox('balance', 1),
  ],
  delivery: [
    `INSERT INTO delivery.deliveries (delivery_id, order_id, user_id, items, status, created_at)
     SELECT gen_random_uuid(), id, ${USER}, '[]', 'CREATED', now() FROM public.finished`,
    inbox('delivery', 1),
  ],
  others: [inbox('coupon', 1), inbox('platform', 1)],
};
