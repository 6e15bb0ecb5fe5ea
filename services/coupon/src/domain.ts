import type { Message } from '@saga/messages/message';
import { type Changes, type Decision, type Rows, rejected } from '@saga/service-kit/participant';

/** A promise of money off, to one user, for one order. */
export type Coupon = {
  couponId: number;
  userId: number;
  discountAmount: number;
  /** From this moment on it is worth nothing; null: never. */
  expiresAt: Date | null;
  /** What it was used for; null while it can be used. */
  use: Use | null;
};

export type Use = {
  /** The command id of the use: what a compensation names. */
  actionId: string;
  orderId: string;
};

export type Wallet = { coupons: Coupon };

export const couponStatuses = ['ISSUED', 'USED', 'EXPIRED'] as const;
export type CouponStatus = (typeof couponStatuses)[number];

/** A coupon that was used in time stays USED. */
export function statusOf({ use, expiresAt }: Pick<Coupon, 'use' | 'expiresAt'>, now: Date): CouponStatus {
  if (use) return 'USED';
  return expiresAt && expiresAt <= now ? 'EXPIRED' : 'ISSUED';
}

/** Spends the coupon on the order. The discount never exceeds what there is to pay. */
export function use(
  wallet: Rows<Wallet>,
  { envelope, body }: Message<'use-coupon-command'>,
  now: Date,
): Decision<Wallet, 'use-coupon-command'> {
  const { orderId, couponId, userId, totalAmount } = body;
  const coupon = wallet.coupons.get(couponId);
  if (!coupon) return rejected('COUPON_UNKNOWN', `there is no coupon ${couponId}`);
  if (coupon.userId !== userId) return rejected('COUPON_NOT_OWNED', `coupon ${couponId} is not user ${userId}'s`);
  const status = statusOf(coupon, now);
  if (status === 'USED') return rejected('COUPON_ALREADY_USED', `coupon ${couponId} has been used`);
  if (status === 'EXPIRED')
    return rejected('COUPON_EXPIRED', `coupon ${couponId} expired at ${coupon.expiresAt?.toISOString()}`);
  const discountAmount = Math.min(coupon.discountAmount, totalAmount);
  if (body.discountAmount !== discountAmount)
    return rejected('DISCOUNT_CHANGED', `coupon ${couponId} takes ${discountAmount} off, not ${body.discountAmount}`);
  return {
    outcome: 'success',
    reply: { couponId, discountAmount },
    changes: { coupons: [{ ...coupon, use: { actionId: envelope.id, orderId } }] },
  };
}

/** Makes the coupon usable again, whether or not it has expired meanwhile. */
export function restore(
  wallet: Rows<Wallet>,
  { envelope }: Message<'restore-coupon-command'>,
): Changes<Wallet> | 'nothing' {
  const coupon = wallet.coupons.values().find((each) => each.use !== null && each.use.actionId === envelope.actionId);
  return coupon ? { coupons: [{ ...coupon, use: null }] } : 'nothing';
}
