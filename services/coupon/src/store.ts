import type { Message } from '@saga/messages/message';
import type { Sql, Transaction } from '@saga/service-kit/database';
import { byKey, type Rows } from '@saga/service-kit/participant';
import type { Coupon, Wallet } from './domain.ts';

/** The coupons that are to be used, and those whose use is undone. */
const LOAD_COUPONS = `
  SELECT coupon_id AS "couponId", user_id AS "userId", discount_amount AS "discountAmount", expires_at AS "expiresAt",
         action_id AS "actionId", order_id AS "orderId"
  FROM coupons
  WHERE coupon_id = ANY($1::bigint[]) OR action_id = ANY($2::uuid[])
  ORDER BY coupon_id FOR UPDATE`;

export type CouponRow = Omit<Coupon, 'use'> & { actionId: string | null; orderId: string | null };

export const couponOf = ({ actionId, orderId, ...coupon }: CouponRow): Coupon => ({
  ...coupon,
  use: actionId !== null && orderId !== null ? { actionId, orderId } : null,
});

/** Locks coupons in key order: as everywhere in this service (trap 13). */
export async function loadWallet(sql: Sql, messages: readonly Message[]): Promise<Rows<Wallet>> {
  const undone = messages.flatMap(({ envelope }) => envelope.actionId ?? []);
  const used = messages.flatMap((message) => (message.topic === 'use-coupon-command' ? message.body.couponId : []));
  const rows = await sql.query<CouponRow>(LOAD_COUPONS, [used, undone]);
  return { coupons: byKey(rows.map(couponOf), (coupon) => coupon.couponId) };
}

const SAVE_COUPONS = `
  UPDATE coupons SET action_id = changed.action_id, order_id = changed.order_id
  FROM unnest($1::bigint[], $2::uuid[], $3::uuid[]) AS changed (coupon_id, action_id, order_id)
  WHERE coupons.coupon_id = changed.coupon_id`;

export function saveWallet(sql: Transaction, { coupons }: { coupons: readonly Coupon[] }): void {
  if (coupons.length === 0) return;
  sql.send(SAVE_COUPONS, [
    coupons.map((coupon) => coupon.couponId),
    coupons.map((coupon) => coupon.use?.actionId ?? null),
    coupons.map((coupon) => coupon.use?.orderId ?? null),
  ]);
}
