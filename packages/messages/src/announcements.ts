import { z } from 'zod';
import { amount, numericId, orderItems, shipTo, text, time, uuid, version } from './values.ts';

const money = { totalAmount: amount, discountAmount: amount, finalAmount: amount };

/** What no command asked for: an order begins, ends well, or its customer changes their mind. */
export const announcements = {
  'order-created': z.object({
    orderId: uuid,
    /** Any name: a replica that does not know the definition leaves the message for one that does (trap 30). */
    saga: text.min(1),
    userId: numericId,
    items: orderItems,
    couponId: numericId.nullable(),
    ...money,
    shipTo: shipTo.nullable(),
  }),
  'order-processed': z.object({
    orderId: uuid,
    saga: text.min(1),
    userId: numericId,
    items: orderItems,
    couponId: numericId.nullable(),
    ...money,
    paymentId: uuid.nullable(),
    deliveryId: uuid.nullable(),
    completedAt: time,
  }),
  'order-cancel-requested': z.object({ orderId: uuid, reason: text.nullable() }),
} as const;

/** Compacted topics that feed the order service's read models; keyed by their own id, applied only if newer. */
export const stateChanges = {
  'product-changed': z.object({ productId: numericId, name: text, price: amount, version }),
  'account-changed': z.object({ userId: numericId, publicId: text, version }),
  'coupon-changed': z.object({
    couponId: numericId,
    userId: numericId,
    discountAmount: amount,
    expiresAt: time.nullable(),
    version,
  }),
} as const;

/** Kafka counts in 32 bits. */
const MAX_PARTITION = 2 ** 31 - 1;
const NAME = /^[\w-]{1,64}$/;

/** What could not be read or handled, with all that is needed to understand it and to send it again. */
export const deadLetters = {
  'dead-letter': z.object({
    topic: z.string().regex(/^[\w.-]{1,249}$/),
    partition: z.int().min(0).max(MAX_PARTITION),
    offset: z.string().regex(/^\d{1,19}$/),
    /** Bounded, as all of it, by what makes the dead letter: whatever came must fit in. */
    key: z.string().nullable(),
    headers: z.record(z.string(), z.string()),
    /** base64: it may be anything. */
    value: z.base64().nullable(),
    service: z.string().regex(NAME),
    error: z.object({ code: z.string().regex(NAME), message: z.string() }),
    failedAt: time,
  }),
} as const;

export type StateTopic = keyof typeof stateChanges;
