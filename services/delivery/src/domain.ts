import type { Message } from '@saga/messages/message';
import type { OrderItem, ShipTo } from '@saga/messages/values';
import { type Changes, type Decision, type Rows, rejected } from '@saga/service-kit/participant';

/** A parcel on its way to a customer. */
export type Delivery = {
  /** The command id of its creation: what a compensation names. */
  deliveryId: string;
  orderId: string;
  userId: number;
  items: readonly OrderItem[];
  /** null where the order does not say: the customer picks it up. */
  shipTo: ShipTo | null;
  status: 'CREATED' | 'CANCELLED';
  createdAt: Date;
};

/** Addresses that start so are not served. */
export type UnservedArea = { prefix: string };

export type Shipping = { deliveries: Delivery; unservedAreas: UnservedArea };

/** Arranges a delivery, unless the address lies where nobody delivers. */
export function create(
  shipping: Rows<Shipping>,
  { envelope, body }: Message<'create-delivery-command'>,
  now: Date,
): Decision<Shipping, 'create-delivery-command'> {
  const { orderId, userId, items, shipTo } = body;
  const unserved = shipping.unservedAreas.values().find(({ prefix }) => shipTo?.address.startsWith(prefix));
  if (unserved) return rejected('ADDRESS_UNDELIVERABLE', `nobody delivers to addresses in ${unserved.prefix}`);
  const deliveryId = envelope.id;
  return {
    outcome: 'success',
    reply: { deliveryId },
    changes: { deliveries: [{ deliveryId, orderId, userId, items, shipTo, status: 'CREATED', createdAt: now }] },
  };
}

/** Calls the delivery off. */
export function cancel(
  shipping: Rows<Shipping>,
  { envelope }: Message<'cancel-delivery-command'>,
): Changes<Shipping> | 'nothing' {
  const delivery = shipping.deliveries.get(envelope.actionId ?? '');
  if (delivery?.status !== 'CREATED') return 'nothing';
  return { deliveries: [{ ...delivery, status: 'CANCELLED' }] };
}
