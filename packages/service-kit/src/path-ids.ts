import { uuid } from '@saga/messages/values';
import { wholeNumber } from './whole-number.ts';

/** The id of a product, a user or a coupon as a path or a query names it. */
export const numericIdText = wholeNumber(1, Number.MAX_SAFE_INTEGER);

/** A UUID as a path or a query names it, in the one form in which it is stored and compared. */
export const uuidText = uuid.toLowerCase();
