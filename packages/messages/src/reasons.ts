import { z } from 'zod';
import { text, textUpTo } from './values.ts';

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

/** Characters of a sentence that says why: what an error says may be longer, and is cut before it is sent. */
export const MAX_REASON_LENGTH = 2_000;
/** A saga's failure may quote a reason and say more. */
const MAX_FAILURE_LENGTH = 2 * MAX_REASON_LENGTH;

/** Why something did not go as asked: a code for programs, a sentence for people. */
export const reason = z.object({ code: text, message: textUpTo(MAX_REASON_LENGTH) });
export type Reason = z.infer<typeof reason>;

/** Why a saga turned back: the reason, and the step that gave it. */
export const failure = z.object({ step: text, code: text, message: textUpTo(MAX_FAILURE_LENGTH) });
export type Failure = z.infer<typeof failure>;
