import type { Transaction } from '@saga/service-kit/database';
import type { Rows } from '@saga/service-kit/participant';
import type { Books, DayIncrease, Dispatch } from './domain.ts';

/** Days are added to, not replaced: so no batch waits for another with today's row in its hands. */
export const loadNothing = async (): Promise<Rows<Books>> => ({ dispatches: new Map(), days: new Map() });

const SAVE_DISPATCHES = `
  INSERT INTO dispatches (order_id, body, status, due_at)
  SELECT order_id, body, 'PENDING', now()
  FROM unnest($1::uuid[], $2::json[]) AS processed (order_id, body)
  ORDER BY order_id`;

const SAVE_DAYS = `
  INSERT INTO daily_statistics AS day (date, orders, items, total_amount, discount_amount, final_amount)
  SELECT date, orders, items, total_amount, discount_amount, final_amount
  FROM unnest($1::date[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS increase (date, orders, items, total_amount, discount_amount, final_amount)
  ORDER BY date
  ON CONFLICT (date) DO UPDATE SET
    orders = day.orders + excluded.orders,
    items = day.items + excluded.items,
    total_amount = day.total_amount + excluded.total_amount,
    discount_amount = day.discount_amount + excluded.discount_amount,
    final_amount = day.final_amount + excluded.final_amount`;

/** Writes dispatches, then days, each in key order: as everywhere in this service (trap 13). */
export function saveBooks(
  sql: Transaction,
  { dispatches, days }: { dispatches: readonly Dispatch[]; days: readonly DayIncrease[] },
): void {
  if (dispatches.length > 0)
    sql.send(SAVE_DISPATCHES, [
      dispatches.map((dispatch) => dispatch.orderId),
      dispatches.map((dispatch) => JSON.stringify(dispatch.order)),
    ]);
  if (days.length > 0)
    sql.send(SAVE_DAYS, [
      days.map((day) => day.date),
      days.map((day) => day.orders),
      days.map((day) => day.items),
      days.map((day) => day.totalAmount),
      days.map((day) => day.discountAmount),
      days.map((day) => day.finalAmount),
    ]);
}
