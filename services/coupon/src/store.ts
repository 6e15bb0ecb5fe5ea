import type { Message } from '@saga/messages/message';
import type { Sql, Transaction } from '@saga/service-kit/database';
import { byKey, type Rows, rowsOf } from '@saga/service-kit/participant';
import type { Coupon, Wallet } from './domain.ts';

/** The coupons that are to be used, and those whose use is undone. */
const LOAD_COUPONS = `
  SELECT coupon_id AS "couponId", user_id AS "userId", discount_amount AS "discountAmount", expires_at AS "expiresAt",
         action_id AS "actionId", order_id AS "orderId"
  FROM coupons
  WHERE coupon_id = ANY(ARRAY(
    SELECT unnest($1::bigint[])
    UNION
    SELECT coupon_id FROM coupons WHERE action_id = ANY($2::uuid[])))
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
  const rows = await rowsOf<CouponRow>(sql, LOAD_COUPONS, used, undone);
  return { coupons: byKey(rows.map(couponOf), (coupon) => coupon.couponId) };
}

const SAVE_COUPONS = `
  UPDATE coupons SET action_id = changed."actionId", order_id = changed."orderId"
  FROM json_to_recordset($1::json) AS changed ("couponId" bigint, "actionId" uuid, "orderId" uuid)
  WHERE coupons.coupon_id = changed."couponId" AND coupons.coupon_id = ANY($2::bigint[])`;

export function saveWallet(sql: Transaction, { coupons }: { coupons: readonly Coupon[] }): void {
  if (coupons.length === 0) return;
  const changed = coupons.map(({ couponId, use }) => ({ couponId, ...use }));
  sql.send(SAVE_COUPONS, [JSON.stringify(changed), changed.map(({ couponId }) => couponId)]);
}
