import { amount, numericId, time, uuid } from '@saga/messages/values';
import { z } from 'zod';
import { type Coupon, couponStatuses, statusOf } from './domain.ts';

/** A coupon as the API shows it. */
export const couponView = z.object({
  couponId: numericId,
  userId: numericId,
  discountAmount: amount,
  expiresAt: time.nullable(),
  status: z.enum(couponStatuses),
  orderId: uuid.nullable().describe('The order that it was used for'),
});
export type CouponView = z.infer<typeof couponView>;

export const viewCoupon = ({ use, expiresAt, couponId, userId, discountAmount }: Coupon, now: Date): CouponView => ({
  couponId,
  userId,
  discountAmount,
  expiresAt: expiresAt?.toISOString() ?? null,
  status: statusOf({ use, expiresAt }, now),
  orderId: use?.orderId ?? null,
});
