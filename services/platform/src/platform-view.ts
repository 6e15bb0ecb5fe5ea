import { uuid } from '@saga/messages/values';
import { z } from 'zod';

/** Sums of many orders may outgrow 2^53−1: then the last digits are lost, but not the answer. */
const sum = z.number().min(0);

/** What was completed on a day, in UTC, as the API shows it. */
export const dayView = z.object({
  date: z.iso.date(),
  orders: sum,
  items: sum.describe('Pieces, not lines'),
  totalAmount: sum,
  discountAmount: sum,
  finalAmount: sum,
});
export type DayView = z.infer<typeof dayView>;

/** What has become of telling the platform of an order, as the API shows it. */
export const dispatchView = z.object({
  orderId: uuid,
  status: z.enum(['PENDING', 'SENT', 'FAILED']),
  attempts: z.int().min(0),
  lastError: z.string().nullable(),
  sentAt: z.iso.datetime().nullable(),
});
export type DispatchView = z.infer<typeof dispatchView>;
