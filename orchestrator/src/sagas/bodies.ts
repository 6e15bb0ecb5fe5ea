import type { Body } from '@saga/messages/topics';
import type { Order, Replies } from '../saga/definition.ts';

/** Sent only where there is a coupon (`when`). */
export function useCoupon({
  couponId,
  userId,
  totalAmount,
  discountAmount,
}: Order): Omit<Body<'use-coupon-command'>, 'orderId'> {
  if (couponId === null) throw new Error('an order without a coupon uses none');
  return { couponId, userId, totalAmount, discountAmount };
}

/** What the order was paid and delivered by: null where that step was skipped or does not exist. */
export const completeOrder = (_order: Order, reply: Replies): Omit<Body<'complete-order-command'>, 'orderId'> => ({
  paymentId: reply('balance-deducted')?.paymentId ?? null,
  deliveryId: reply('delivery-created')?.deliveryId ?? null,
});
