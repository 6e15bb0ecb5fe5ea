import { orderActionId, processedId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Failure } from '@saga/messages/reasons';
import type { OrderItem, SagaName, ShipTo } from '@saga/messages/values';
import { type Changes, type Decision, type Rows, rejected } from '@saga/service-kit/participant';
import type { Amounts } from './place-order.ts';
import type { ReadModels } from './read-models.ts';

/** What was agreed when the order was placed: it never changes. */
export type OrderTerms = Amounts & {
  orderId: string;
  saga: SagaName;
  userId: number;
  items: readonly OrderItem[];
  couponId: number | null;
  shipTo: ShipTo | null;
  /** The trace that began with the request: every message of the saga carries it. */
  traceparent: string;
  createdAt: Date;
};

export type OrderState =
  | { status: 'PENDING' }
  | { status: 'COMPLETED'; paymentId: string | null; deliveryId: string | null; endedAt: Date }
  | { status: 'CANCELLED'; cancelReason: Failure; endedAt: Date };

export type Order = OrderTerms & OrderState;
export const orderStatuses = ['PENDING', 'COMPLETED', 'CANCELLED'] as const satisfies readonly Order['status'][];

/** The rows of the order service's fold: its orders, and what it knows of the other services' things. */
export type OrderTables = { orders: Order } & ReadModels;

/** Ends the order well and tells the outside. A cancelled order refuses: only one of the two takes effect (trap 29). */
export function complete(
  { orders }: Rows<OrderTables>,
  { body }: Message<'complete-order-command'>,
  now: Date,
): Decision<OrderTables, 'complete-order-command'> {
  const order = orders.get(body.orderId);
  if (!order) throw new Error(`there is no order ${body.orderId}`);
  switch (order.status) {
    case 'CANCELLED':
      return rejected('FENCED', 'the order was cancelled before');
    case 'COMPLETED':
      return { outcome: 'success', reply: {}, changes: {} };
    case 'PENDING': {
      const { paymentId, deliveryId } = body;
      return {
        outcome: 'success',
        reply: {},
        changes: { orders: [{ ...order, status: 'COMPLETED', paymentId, deliveryId, endedAt: now }] },
        announce: [
          {
            topic: 'order-processed',
            id: processedId(order.orderId),
            body: {
              orderId: order.orderId,
              saga: order.saga,
              userId: order.userId,
              items: [...order.items],
              couponId: order.couponId,
              totalAmount: order.totalAmount,
              discountAmount: order.discountAmount,
              finalAmount: order.finalAmount,
              paymentId,
              deliveryId,
              completedAt: now.toISOString(),
            },
          },
        ],
      };
    }
    default:
      throw order satisfies never;
  }
}

/**
 * Undoes step zero, the order's own creation.
 *
 * @throws when the order has been completed: the saga must not cancel it any more, so that is a bug which has to be
 * seen as `failed` and as a dead letter, not covered up (trap 29).
 */
export function cancel(
  { orders }: Rows<OrderTables>,
  { envelope, body }: Message<'cancel-order-command'>,
  now: Date,
): Changes<OrderTables> | 'nothing' {
  if (envelope.actionId !== orderActionId(body.orderId))
    throw new Error(`cancel-order undoes ${envelope.actionId}, which is not the creation of order ${body.orderId}`);
  const order = orders.get(body.orderId);
  switch (order?.status) {
    case undefined:
    case 'CANCELLED':
      return 'nothing';
    case 'COMPLETED':
      throw new Error(`order ${order.orderId} is completed and cannot be cancelled`);
    case 'PENDING':
      return { orders: [{ ...order, status: 'CANCELLED', cancelReason: body.reason, endedAt: now }] };
    default:
      throw order satisfies never;
  }
}
