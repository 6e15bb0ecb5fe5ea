import { z } from 'zod';

/** Money in the currency's minor unit. JSON numbers are exact up to 2^53−1; more is refused at the edge (trap 22). */
export const amount = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** Ids of products, users and coupons are positive integers. */
export const numericId = z.int().min(1).max(Number.MAX_SAFE_INTEGER);

export const MAX_QUANTITY = 1_000_000_000;
export const quantity = z.int().min(1).max(MAX_QUANTITY);

/** In the one form in which it is stored and compared: written in capitals it is the same id. */
export const uuid = z.guid().toLowerCase();
const MAX_TIME_LENGTH = 40;
export const time = z.iso.datetime({ offset: true }).max(MAX_TIME_LENGTH);

/** Grows with every change of a thing that a state topic announces. */
export const version = z.int().min(1);

/**
 * All text of a message is bounded, so that none of ours is ever too large for a broker. What lets text in from outside
 * (an HTTP request) has bounds of its own, within these.
 */
const MAX_TEXT_LENGTH = 500;

/** JSON can escape half of a surrogate pair, and PostgreSQL stores it as `json`, but reads nothing out of it (trap 9). */
export const textUpTo = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((held) => held.isWellFormed(), 'must not hold half of a surrogate pair');
export const text = textUpTo(MAX_TEXT_LENGTH);

export const shipTo = z.object({ recipientName: text, address: text, phone: text });
export type ShipTo = z.infer<typeof shipTo>;

export const orderItem = z.object({ productId: numericId, quantity, unitPrice: amount });
export type OrderItem = z.infer<typeof orderItem>;

export const MAX_ITEMS = 100;
export const orderItems = z.array(orderItem).min(1).max(MAX_ITEMS);

/** The definitions a client may ask for. The orchestrator registers exactly these. */
export const sagaName = z.enum(['place-order', 'ship-order', 'reserve-order']);
export type SagaName = z.infer<typeof sagaName>;
