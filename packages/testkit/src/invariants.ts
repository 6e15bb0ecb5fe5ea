import pg from 'pg';

/** A promise that was broken: which, and the rows that show it. */
export type Violation = { invariant: string; rows: readonly unknown[] };

/** What stands in the topics that nobody keeps in a table, read from their beginning; doubled messages included. */
export type Told = {
  /** Every `order-processed`: the message's own id, and its order's. */
  processed: readonly { id: string; orderId: string }[];
  /** Every `dead-letter`, by whatever tells one from another. */
  deadLetters: readonly string[];
  /** Those that the test has put there, told apart in the same way. */
  expectedDeadLetters: readonly string[];
};

/**
 * What must hold when every order has ended, over the services' real tables. An invariant is a statement that selects
 * the rows which break it. Money and stock are conserved per product, account and coupon, and each order has its
 * effects exactly once or not at all.
 */
const INVARIANTS: Readonly<Record<string, string>> = {
  'every order has ended': `
    SELECT order_id, status FROM "order".orders WHERE status NOT IN ('COMPLETED', 'CANCELLED')`,

  'every saga has ended': `
    SELECT id, status, stuck_code FROM orchestrator.saga WHERE status NOT IN ('COMPLETED', 'COMPENSATED')`,

  'orders and sagas agree': `
    SELECT order_id, orders.status AS "order", saga.status AS saga
    FROM "order".orders FULL JOIN orchestrator.saga ON saga.id = order_id
    WHERE (orders.status, saga.status) IS DISTINCT FROM ('COMPLETED', 'COMPLETED')
      AND (orders.status, saga.status) IS DISTINCT FROM ('CANCELLED', 'COMPENSATED')`,

  'stock: added = available + reserved + sold, none below zero': `
    SELECT * FROM product.products
    WHERE added <> available + reserved + sold OR least(available, reserved, sold) < 0`,

  'stock: reserved and sold are what the reservations say': `
    SELECT product_id, products.reserved, products.sold, said.reserved AS reserved_said, said.sold AS sold_said
    FROM product.products
    LEFT JOIN (
      SELECT (item ->> 'productId')::bigint AS product_id,
             sum((item ->> 'quantity')::bigint) FILTER (WHERE status = 'RESERVED') AS reserved,
             sum((item ->> 'quantity')::bigint) FILTER (WHERE status = 'SETTLED') AS sold
      FROM product.reservations, json_array_elements(items) AS item GROUP BY 1
    ) AS said USING (product_id)
    WHERE products.reserved <> coalesce(said.reserved, 0) OR products.sold <> coalesce(said.sold, 0) + sold_forgotten`,

  'money: added = balance + payments that were not refunded, none below zero': `
    SELECT user_id, balance, added, paid FROM balance.accounts
    LEFT JOIN (
      SELECT user_id, sum(amount) AS paid FROM balance.payments WHERE status = 'PAID' GROUP BY 1
    ) AS payments USING (user_id)
    WHERE added <> balance + coalesce(paid, 0) + paid_forgotten OR balance < 0`,

  'a coupon is used by the one order that completed with it, and by none that is cancelled': `
    SELECT coupons.coupon_id, coupons.order_id, status FROM coupon.coupons
    LEFT JOIN "order".orders ON orders.order_id = coupons.order_id
    WHERE action_id IS NOT NULL AND status IS DISTINCT FROM 'COMPLETED'
    UNION ALL
    SELECT orders.coupon_id, orders.order_id, 'COMPLETED without its coupon' FROM "order".orders
    LEFT JOIN coupon.coupons ON coupons.coupon_id = orders.coupon_id AND coupons.order_id = orders.order_id
    WHERE status = 'COMPLETED' AND orders.coupon_id IS NOT NULL AND coupons.coupon_id IS NULL
    UNION ALL
    SELECT coupon_id, NULL, count(*)::text FROM "order".orders
    WHERE status = 'COMPLETED' AND coupon_id IS NOT NULL GROUP BY coupon_id HAVING count(*) > 1`,

  'a completed order has one settled reservation': `
    SELECT order_id, count(reservations) AS settled FROM "order".orders
    LEFT JOIN product.reservations USING (order_id)
    WHERE orders.status = 'COMPLETED'
    GROUP BY order_id
    HAVING count(reservations) FILTER (WHERE reservations.status = 'SETTLED') <> 1
        OR count(reservations) FILTER (WHERE reservations.status = 'RESERVED') <> 0`,

  'a completed order is paid once, to the unit, where its saga takes money': `
    SELECT orders.order_id, final_amount, array_agg(amount) AS paid FROM "order".orders
    LEFT JOIN balance.payments ON payments.order_id = orders.order_id AND payments.status = 'PAID'
    WHERE orders.status = 'COMPLETED'
    GROUP BY orders.order_id, final_amount, saga
    HAVING coalesce(sum(amount), 0) <> CASE saga WHEN 'ship-order' THEN 0 ELSE final_amount END
        OR count(amount) > 1`,

  'a completed order has one delivery, where its saga delivers': `
    SELECT orders.order_id, count(deliveries.delivery_id) AS deliveries FROM "order".orders
    LEFT JOIN delivery.deliveries ON deliveries.order_id = orders.order_id AND deliveries.status = 'CREATED'
    WHERE orders.status = 'COMPLETED'
    GROUP BY orders.order_id, saga
    HAVING count(deliveries.delivery_id) <> CASE saga WHEN 'reserve-order' THEN 0 ELSE 1 END`,

  'what was completed is what the platform has counted': `
    SELECT * FROM
      (SELECT count(*) AS completed, coalesce(sum(final_amount), 0) AS amount FROM "order".orders
       WHERE status = 'COMPLETED') AS orders,
      (SELECT coalesce(sum(orders), 0) AS counted, coalesce(sum(final_amount), 0) AS counted_amount
       FROM platform.daily_statistics) AS statistics
    WHERE completed <> counted OR amount <> counted_amount`,

  'a cancelled order has no effect anywhere': `
    SELECT orders.order_id, 'reservation' AS effect FROM "order".orders
    JOIN product.reservations USING (order_id)
    WHERE orders.status = 'CANCELLED' AND reservations.status <> 'RELEASED'
    UNION ALL
    SELECT orders.order_id, 'payment' FROM "order".orders
    JOIN balance.payments USING (order_id) WHERE orders.status = 'CANCELLED' AND payments.status <> 'REFUNDED'
    UNION ALL
    SELECT orders.order_id, 'delivery' FROM "order".orders
    JOIN delivery.deliveries USING (order_id) WHERE orders.status = 'CANCELLED' AND deliveries.status <> 'CANCELLED'`,

  'every outbox is empty': ['order', 'product', 'balance', 'coupon', 'orchestrator']
    .map((service) => `SELECT '${service}' AS service, topic, key FROM "${service}".outbox`)
    .join(' UNION ALL '),
};

const TOLD_ONCE = `
  SELECT order_id, status, ids FROM "order".orders
  FULL JOIN (
    SELECT "orderId" AS order_id, array_agg(DISTINCT id) AS ids
    FROM json_to_recordset($1) AS told (id uuid, "orderId" uuid) GROUP BY 1
  ) AS processed USING (order_id)
  WHERE coalesce(cardinality(ids), 0) <> CASE status WHEN 'COMPLETED' THEN 1 ELSE 0 END`;

/**
 * Checks the invariants over one installation's database, and over what its topics hold where that is given.
 *
 * @param databaseUrl an administrator's: the services' own roles see only their own schema.
 * @returns every broken one; none when all is well.
 */
export async function violations(databaseUrl: string, told?: Told): Promise<Violation[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const found: Violation[] = [];
    const check = async (invariant: string, statement: string, values: unknown[] = []): Promise<void> => {
      const { rows } = await client.query(`${statement} LIMIT 10`, values);
      if (rows.length > 0) found.push({ invariant, rows });
    };
    for (const [invariant, statement] of Object.entries(INVARIANTS)) await check(invariant, statement);
    if (!told) return found;
    await check('a completed order has told the outside once, and no other has', TOLD_ONCE, [
      JSON.stringify(told.processed),
    ]);
    return [...found, ...deadLetterViolations(told)];
  } finally {
    await client.end();
  }
}

/** A dead letter that is published twice, after a crash, is one dead letter. */
function deadLetterViolations({ deadLetters, expectedDeadLetters }: Told): Violation[] {
  const there = new Set(deadLetters);
  const expected = new Set(expectedDeadLetters);
  return [
    { invariant: 'dead letters are only those that the test put there', rows: [...there.difference(expected)] },
    { invariant: 'what cannot be handled stands in the dead letters', rows: [...expected.difference(there)] },
  ].filter(({ rows }) => rows.length > 0);
}
