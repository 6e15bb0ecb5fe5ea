import { amount, numericId } from '@saga/messages/values';
import { z } from 'zod';

/** A number of pieces: they may be none, and there may be many. */
export const pieces = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

/** A product as the API shows it. */
export const productView = z.object({
  productId: numericId,
  name: z.string(),
  price: amount,
  available: pieces,
  reserved: pieces,
  sold: pieces,
});
export type ProductView = z.infer<typeof productView>;
