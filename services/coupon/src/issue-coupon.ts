import type { Message } from '@saga/messages/message';
import type { Sql } from '@saga/service-kit/database';
import { drawId } from '@saga/service-kit/draw-id';
import type { Outbox } from '@saga/service-kit/outbox';
import { conflict } from '@saga/service-kit/problem';
import { stateChange } from '@saga/service-kit/state-change';
import type { Coupon } from './domain.ts';

export type NewCoupon = {
  couponId?: number | undefined;
  userId: number;
  discountAmount: number;
  /** null or missing: it never expires. */
  expiresAt?: string | null | undefined;
};

/** A coupon nobody has used, and how often it has been changed. */
type IssuedCoupon = Omit<Coupon, 'use'> & { version: number };

/** Without an id, the next of the sequence that nobody has chosen; nothing where the id is taken. */
const ISSUE = `
  WITH RECURSIVE drawn (id) AS (
    SELECT nextval('coupons_coupon_id_seq') WHERE $1::bigint IS NULL
    UNION ALL
    SELECT nextval('coupons_coupon_id_seq') FROM drawn
    WHERE EXISTS (SELECT FROM coupons WHERE coupon_id = drawn.id))
  INSERT INTO coupons (coupon_id, user_id, discount_amount, expires_at)
  SELECT coalesce($1, (SELECT max(id) FROM drawn)), $2, $3, $4
  ON CONFLICT (coupon_id) DO NOTHING
  RETURNING coupon_id AS "couponId", user_id AS "userId", discount_amount AS "discountAmount",
            expires_at AS "expiresAt", version`;

/**
 * Issues a coupon and tells the others.
 *
 * @throws Problem 409 where there is one with this id.
 */
export const issueCoupon = (outbox: Outbox, coupon: NewCoupon, traceparent: string): Promise<Coupon> =>
  outbox.transaction(async (sql) => {
    const issued = await insert(sql, coupon);
    return { result: { ...issued, use: null }, messages: [couponChanged(issued, traceparent)] };
  });

const insert = (sql: Sql, { couponId, userId, discountAmount, expiresAt }: NewCoupon): Promise<IssuedCoupon> =>
  drawId(async () => {
    const [issued] = await sql.query<IssuedCoupon>(ISSUE, [
      couponId ?? null,
      userId,
      discountAmount,
      expiresAt ?? null,
    ]);
    if (!issued && couponId !== undefined) throw conflict('DUPLICATE_ID', `there is a coupon ${couponId}`);
    return issued;
  });

function couponChanged(coupon: IssuedCoupon, traceparent: string): Message<'coupon-changed'> {
  const { couponId, userId, discountAmount, expiresAt, version } = coupon;
  return stateChange({
    service: 'coupon',
    topic: 'coupon-changed',
    key: String(couponId),
    body: { couponId, userId, discountAmount, expiresAt: expiresAt?.toISOString() ?? null, version },
    traceparent,
  });
}
