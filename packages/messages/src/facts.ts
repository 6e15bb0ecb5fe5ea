import { z } from 'zod';
import { reason } from './reasons.ts';
import { amount, numericId, uuid } from './values.ts';

const orderId = { orderId: uuid };
const failed = z.object({ ...orderId, outcome: z.literal('failed'), reason });

/** The answer to an action: done, refused by the business, or not done for a technical reason. */
const actionFact = <Reply extends z.ZodRawShape>(reply: Reply) =>
  z.discriminatedUnion('outcome', [
    z.object({ ...orderId, outcome: z.literal('success'), ...reply }),
    z.object({ ...orderId, outcome: z.literal('rejected'), reason }),
    failed,
  ]);

/** The answer to a compensation: there is no refusing to undo. */
const compensationFact = z.discriminatedUnion('outcome', [
  z.object({ ...orderId, outcome: z.literal('success') }),
  failed,
]);

export const facts = {
  'product-decreased': actionFact({ reservationId: uuid }),
  'product-restored': compensationFact,
  'coupon-used': actionFact({ couponId: numericId, discountAmount: amount }),
  'coupon-restored': compensationFact,
  'balance-deducted': actionFact({ paymentId: uuid, amount, balanceAfter: amount }),
  'balance-refunded': compensationFact,
  'delivery-created': actionFact({ deliveryId: uuid }),
  'delivery-cancelled': compensationFact,
  'order-completed': actionFact({}),
  'order-cancelled': compensationFact,
} as const;

export type FactTopic = keyof typeof facts;
