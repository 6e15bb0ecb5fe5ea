import { failure } from '@saga/messages/reasons';
import { amount, numericId, orderItems, sagaName, shipTo, uuid } from '@saga/messages/values';
import { z } from 'zod';
import { type Order, orderStatuses } from './domain.ts';
import type { PlacedOrder } from './place-orders.ts';

/** What the order API says of an order that was accepted. */
export const placedView = z.object({
  orderId: uuid,
  orderNumber: uuid.describe('The same as orderId'),
  saga: sagaName,
  status: z.enum(orderStatuses),
  totalAmount: amount,
  discountAmount: amount,
  finalAmount: amount,
  // Not checked: they are made from the Host that the client sent, and the order stands by then.
  links: z.object({ self: z.string(), saga: z.string().describe('What the orchestrator knows of it') }),
});
export type PlacedView = z.infer<typeof placedView>;

export const orderView = placedView.extend({
  userId: numericId,
  items: orderItems,
  couponId: numericId.nullable(),
  shipTo: shipTo.nullable(),
  cancelReason: failure.nullable().describe('The step that gave it, its code, and a sentence'),
  paymentId: uuid.nullable(),
  deliveryId: uuid.nullable(),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
});
export type OrderView = z.infer<typeof orderView>;

/** Where the client reached this service, and where it may reach the orchestrator: for absolute links. */
export type Origins = { self: string; orchestrator: string };

export function viewPlaced(order: PlacedOrder, status: Order['status'], origins: Origins): PlacedView {
  const { orderId, saga, totalAmount, discountAmount, finalAmount } = order;
  const links = { self: `${origins.self}/orders/${orderId}`, saga: `${origins.orchestrator}/sagas/${orderId}` };
  return { orderId, orderNumber: orderId, saga, status, totalAmount, discountAmount, finalAmount, links };
}

export const viewOrder = (order: Order, origins: Origins): OrderView => ({
  ...viewPlaced(order, order.status, origins),
  userId: order.userId,
  items: [...order.items],
  couponId: order.couponId,
  shipTo: order.shipTo,
  cancelReason: order.status === 'CANCELLED' ? order.cancelReason : null,
  paymentId: order.status === 'COMPLETED' ? order.paymentId : null,
  deliveryId: order.status === 'COMPLETED' ? order.deliveryId : null,
  createdAt: order.createdAt.toISOString(),
  endedAt: order.status === 'PENDING' ? null : order.endedAt.toISOString(),
});
