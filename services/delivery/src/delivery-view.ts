import { numericId, shipTo, time, uuid } from '@saga/messages/values';
import { z } from 'zod';

/** A delivery as the API shows it. */
export const deliveryView = z.object({
  deliveryId: uuid,
  orderId: uuid,
  userId: numericId,
  shipTo: shipTo.nullable(),
  status: z.enum(['CREATED', 'CANCELLED']),
  createdAt: time,
});
export type DeliveryView = z.infer<typeof deliveryView>;
