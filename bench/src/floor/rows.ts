import { documentsIn, sequenceOf } from '@saga/service-kit/json-sequence';
import { SHOP } from '../orders.ts';
import type { Role } from './hops.ts';
import type { OrderSample } from './sample.ts';

type Statement = { name: string; text: string; values: unknown[] };

/**
 * The rows that a batch of one topic writes in one service: as many, as large and as indexed as ours, without reading any.
 * Batches that are written at the same time have different lanes.
 */
export type Rows = (ids: readonly string[], lane: number) => Statement;

const ids = 'unnest($1::uuid[]) AS message (id)';
const inbox = (schema: string) => `
  INSERT INTO ${schema}.inbox (id, replies)
  SELECT gen_random_uuid(), replies::json FROM ${documentsIn('$2')} AS handled (replies)`;

const JOURNAL = `
  INSERT INTO orchestrator.journal (saga_id, seq, at, message_id, message_type, incoming, effect, sent)
  SELECT id, $3, now(), gen_random_uuid(), $4, incoming::json, effect::json, sent::json
  FROM ROWS FROM (unnest($1::uuid[]), ${documentsIn('$5')}, ${documentsIn('$6')}, ${documentsIn('$7')})
    AS entry (id, incoming, effect, sent)`;
const sagas = `ROWS FROM (unnest($1::uuid[]), ${documentsIn('$2')})`;

const ORDER_COMPLETED = `
  WITH ended AS (
    UPDATE "order".orders SET status = 'COMPLETED', payment_id = gen_random_uuid(), delivery_id = gen_random_uuid(),
                              ended_at = now(), announce_at = NULL
    WHERE order_id = ANY($1::uuid[]))
  ${inbox('"order"')}`;

const SAGA_STARTED = `
  WITH started AS (
    INSERT INTO orchestrator.saga (id, definition, definition_version, status, version, partition, state,
                                   wake_at, started_at, updated_at)
    SELECT id, 'place-order', 1, 'RUNNING', 1, 0, state::json, now() + interval '10 seconds', now(), now()
    FROM ${sagas} AS new (id, state))
  ${JOURNAL}`;

const SAGA_CHANGED = `
  WITH changed AS (
    UPDATE orchestrator.saga SET version = $3, state = change.state::json, updated_at = now(),
                                 ended_at = CASE WHEN $8 THEN now() END, wake_at = CASE WHEN $8 THEN NULL ELSE wake_at END
    FROM ${sagas} AS change (id, state) WHERE saga.id = change.id),
  answered AS (
    INSERT INTO orchestrator.topic_progress (command_topic, partition, answered_up_to) VALUES ($4, $9, 1)
    ON CONFLICT (command_topic, partition) DO UPDATE SET answered_up_to = topic_progress.answered_up_to + 1)
  ${JOURNAL}`;

const PRODUCT_DECREASED = `
  WITH reserved AS (
    INSERT INTO product.reservations (action_id, order_id, items, status)
    SELECT gen_random_uuid(), id, '[{"productId":1,"quantity":1}]', 'RESERVED' FROM ${ids}),
  decreased AS (
    UPDATE product.products SET available = available - 1, reserved = reserved + 1 WHERE product_id = ANY($3::bigint[]))
  ${inbox('product')}`;

const PRODUCT_SETTLED = `
  WITH settled AS (UPDATE product.reservations SET status = 'SETTLED' WHERE order_id = ANY($1::uuid[])),
  sold AS (
    UPDATE product.products SET available = available - 1, sold = sold + 1 WHERE product_id = ANY($3::bigint[]))
  ${inbox('product')}`;

const COUPON_USED = `
  WITH used AS (
    UPDATE coupon.coupons SET action_id = gen_random_uuid(), order_id = used.id
    FROM unnest($1::uuid[], $3::bigint[]) AS used (id, coupon_id) WHERE coupons.coupon_id = used.coupon_id)
  ${inbox('coupon')}`;

const BALANCE_DEDUCTED = `
  WITH paid AS (
    INSERT INTO balance.payments (action_id, order_id, user_id, amount, status)
    SELECT gen_random_uuid(), id, 1, ${SHOP.price}, 'PAID' FROM ${ids}),
  deducted AS (UPDATE balance.accounts SET balance = balance - 1 WHERE user_id = ANY($3::bigint[]))
  ${inbox('balance')}`;

const DELIVERY_CREATED = `
  WITH created AS (
    INSERT INTO delivery.deliveries (delivery_id, order_id, user_id, items, status, created_at)
    SELECT gen_random_uuid(), id, 1, '[{"productId":1,"quantity":1}]', 'CREATED', now() FROM ${ids})
  ${inbox('delivery')}`;

const DAY_COUNTED = `
  WITH day AS (
    INSERT INTO platform.daily_statistics AS day (date, orders, items, total_amount, discount_amount, final_amount)
    VALUES (current_date, cardinality($1::uuid[]), 1, 1, 1, 1)
    ON CONFLICT (date) DO UPDATE SET orders = day.orders + excluded.orders)
  ${inbox('platform')}`;

const order = (sample: OrderSample) => ({
  items: sample.messages['order-created']?.value ?? '{}',
  traceparent: sample.messages['order-created']?.headers.traceparent ?? '',
});

/** What stands in the tables before the announcement goes out: order, the inbox row of its creation, and outbox row. */
export const PLACE = `
  WITH placed AS (
    INSERT INTO "order".orders (order_id, saga, user_id, items, coupon_id, total_amount, discount_amount, final_amount,
                                traceparent, created_at, status, announce_at)
    SELECT id, 'place-order', 1, '[{"productId":1,"quantity":1,"unitPrice":10000}]', 1, 10000, 1000, 9000, $2, now(),
           'PENDING', now() + interval '1 minute'
    FROM ${ids}),
  created AS (INSERT INTO "order".inbox (id, replies) SELECT gen_random_uuid(), '[]' FROM ${ids})
  INSERT INTO "order".outbox (topic, key, headers, value)
  SELECT 'order-created', key, headers::json, value
  FROM ROWS FROM (unnest($1::text[]), ${documentsIn('$3')}, unnest($4::text[])) AS message (key, headers, value)
  RETURNING id`;

export const UNPOST = `DELETE FROM "order".outbox WHERE id = ANY($1::bigint[])`;

export const placeValues = (sample: OrderSample, orderIds: readonly string[]): unknown[] => {
  const { items, traceparent } = order(sample);
  const headers = JSON.stringify(sample.messages['order-created']?.headers);
  return [orderIds, traceparent, sequenceOf(orderIds.map(() => headers)), orderIds.map(() => items)];
};

/** As the real ones lie: scattered, and in a large batch some of them twice. */
const someOf = (count: number, most: number): number[] => [
  ...new Set(Array.from({ length: count }, () => 1 + Math.floor(Math.random() * most))),
];

/** By role, then by the topic that arrived. */
export function rowsOf(role: Role, sample: OrderSample): Readonly<Record<string, Rows>> {
  let couponId = 0;
  const handled =
    (
      name: string,
      text: string,
      more: (count: number) => unknown[] = () => [],
      reply = sample.replies[role] ?? 'null',
    ): Rows =>
    (of) => ({ name, text, values: [of, sequenceOf(of.map(() => reply)), ...more(of.length)] });
  const products = (count: number) => [someOf(count, SHOP.products)];

  switch (role) {
    case 'orchestrator':
      return sagaRows(sample);
    case 'order':
      return { 'complete-order-command': handled('complete', ORDER_COMPLETED) };
    case 'product':
      return {
        'decrease-product-command': handled('decrease', PRODUCT_DECREASED, products),
        'order-processed': handled('settle', PRODUCT_SETTLED, products, '[]'),
      };
    case 'balance':
      return { 'deduct-balance-command': handled('deduct', BALANCE_DEDUCTED, (count) => [someOf(count, SHOP.users)]) };
    case 'coupon': {
      const next = (count: number) => [Array.from({ length: count }, () => (couponId = 1 + (couponId % SHOP.coupons)))];
      return { 'use-coupon-command': handled('use', COUPON_USED, next) };
    }
    case 'delivery':
      return { 'create-delivery-command': handled('deliver', DELIVERY_CREATED) };
    case 'platform':
      return { 'order-processed': handled('count', DAY_COUNTED) };
    default:
      throw role satisfies never;
  }
}

function sagaRows({ journal }: OrderSample): Record<string, Rows> {
  const types = Object.entries(journal).toSorted(([, a], [, b]) => a.seq - b.seq);
  return Object.fromEntries(
    types.map(([type, { seq, incoming, effect, sent, state }], index) => {
      const isFirst = index === 0;
      const isLast = index === types.length - 1;
      const rows: Rows = (of, lane) => {
        const each = (text: string) => sequenceOf(of.map(() => text));
        const values = [of, each(state), seq, type, each(incoming), each(effect), each(sent)];
        return isFirst
          ? { name: 'start', text: SAGA_STARTED, values }
          : { name: 'change', text: SAGA_CHANGED, values: [...values, isLast, lane] };
      };
      return [type, rows];
    }),
  );
}
