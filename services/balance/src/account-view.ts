import { amount, numericId, time, uuid } from '@saga/messages/values';
import { z } from 'zod';

/** An account as the API shows it. */
export const accountView = z.object({ userId: numericId, publicId: z.string(), balance: amount });
export type AccountView = z.infer<typeof accountView>;

/** A payment as the API shows it. */
export const paymentView = z.object({
  paymentId: uuid,
  orderId: uuid,
  amount,
  status: z.enum(['PAID', 'REFUNDED']),
  createdAt: time,
});
export type PaymentView = z.infer<typeof paymentView>;
