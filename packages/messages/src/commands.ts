import { z } from 'zod';
import { failure } from './reasons.ts';
import { amount, numericId, orderItems, shipTo, uuid } from './values.ts';

const orderId = { orderId: uuid };

/** A compensation names only the order: the participant finds what to undo by the header `actionid`. */
const undo = z.object(orderId);

export const commands = {
  'decrease-product-command': z.object({ ...orderId, items: orderItems }),
  'restore-product-command': undo,
  'use-coupon-command': z.object({
    ...orderId,
    couponId: numericId,
    userId: numericId,
    totalAmount: amount,
    discountAmount: amount,
  }),
  'restore-coupon-command': undo,
  'deduct-balance-command': z.object({ ...orderId, userId: numericId, amount }),
  'refund-balance-command': undo,
  'create-delivery-command': z.object({
    ...orderId,
    userId: numericId,
    items: orderItems,
    shipTo: shipTo.nullable(),
  }),
  'cancel-delivery-command': undo,
  'complete-order-command': z.object({ ...orderId, paymentId: uuid.nullable(), deliveryId: uuid.nullable() }),
  'cancel-order-command': z.object({ ...orderId, reason: failure }),
} as const;

export type CommandTopic = keyof typeof commands;
