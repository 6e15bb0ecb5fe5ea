import type { Transaction } from '@saga/service-kit/database';
import type { Rows } from '@saga/service-kit/participant';
import type { Books, DayIncrease, Dispatch } from './domain.ts';

/** Days are added to, not replaced: so no batch waits for another with today's row in its hands. */
export const loadNothing = async (): Promise<Rows<Books>> => ({ dispatches: new Map(), days: new Map() });

const SAVE_DISPATCHES = `
  INSERT INTO dispatches (order_id, body, status, due_at)
  SELECT "orderId", "order", 'PENDING', now()
  FROM json_to_recordset($1::json) AS processed ("orderId" uuid, "order" json)
  ORDER BY "orderId"`;

const SAVE_DAYS = `
  INSERT INTO daily_statistics AS day (date, orders, items, total_amount, discount_amount, final_amount)
  SELECT date, orders, items, "totalAmount", "discountAmount", "finalAmount"
  FROM json_to_recordset($1::json)
    AS increase (date date, orders bigint, items bigint, "totalAmount" bigint, "discountAmount" bigint,
                 "finalAmount" bigint)
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
  if (dispatches.length > 0) sql.send(SAVE_DISPATCHES, [JSON.stringify(dispatches)]);
  if (days.length > 0) sql.send(SAVE_DAYS, [JSON.stringify(days)]);
}
