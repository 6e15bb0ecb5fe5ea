import { z } from 'zod';

/** A business "no": final, never retried, the saga compensates. */
export const rejectionCode = z.enum([
  'OUT_OF_STOCK',
  'PRODUCT_UNKNOWN',
  'PRICE_CHANGED',
  'COUPON_ALREADY_USED',
  'COUPON_NOT_OWNED',
  'COUPON_EXPIRED',
  'COUPON_UNKNOWN',
  'DISCOUNT_CHANGED',
  'INSUFFICIENT_BALANCE',
  'ACCOUNT_UNKNOWN',
  'ADDRESS_UNDELIVERABLE',
  'FENCED',
]);
export type RejectionCode = z.infer<typeof rejectionCode>;

export type Rejection = { code: RejectionCode; message: string };

/** Why something did not go as asked: a code for programs, a sentence for people. */
export const reason = z.object({ code: z.string(), message: z.string() });
export type Reason = z.infer<typeof reason>;

/** Why a saga turned back: the reason, and the step that gave it. */
export const failure = z.object({ step: z.string(), code: z.string(), message: z.string() });
export type Failure = z.infer<typeof failure>;
