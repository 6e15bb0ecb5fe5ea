import { amount, MAX_ITEMS, numericId, quantity, uuid } from '@saga/messages/values';
import type { Sql } from '@saga/service-kit/database';
import type { HttpApp } from '@saga/service-kit/http-app';
import { uuidText } from '@saga/service-kit/path-ids';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import type { Order } from './domain.ts';
import { AT_LEAST_ONE, address, eachProductOnce, phone, recipientName } from './order-body.ts';
import { intakeHeaders, type OrderIntake } from './order-intake.ts';
import { findOrder, findUser } from './order-queries.ts';
import type { OrderRequest } from './place-order.ts';
import type { PlacedOrder } from './place-orders.ts';

/** The order API of seed 004, with its paths, fields and words; beneath, an order like any other. */
export type ChoreographyRoutesOptions = { database: Sql; intake: OrderIntake };

const statusWord = { PENDING: 'PENDING', COMPLETED: 'CONFIRMED', CANCELLED: 'FAILED' } as const satisfies Record<
  Order['status'],
  string
>;

const body = z.strictObject({
  items: z
    .array(z.strictObject({ productId: numericId, quantity }))
    .min(1, AT_LEAST_ONE)
    .max(MAX_ITEMS)
    .superRefine(eachProductOnce),
  userCouponId: numericId.nullish(),
  recipientName,
  shippingAddress: address,
  shippingPhone: phone,
});

export const choreographyView = z.object({
  orderId: uuid,
  orderNumber: uuid,
  status: z.enum(Object.values(statusWord)),
  totalAmount: amount,
  discountAmount: amount,
  finalAmount: amount,
});

export const choreographyRoutes =
  ({ database, intake }: ChoreographyRoutesOptions) =>
  (app: HttpApp): void => {
    const tags = ['seed 004'];

    app.post(
      '/api/orders/choreography/:publicId',
      {
        schema: {
          tags,
          summary: 'Place an order for the user with this public id; its saga is reserve-order',
          params: z.object({ publicId: z.string() }),
          headers: intakeHeaders,
          body,
          response: { 202: choreographyView },
        },
      },
      async (request, reply) => {
        const { publicId } = request.params;
        const placed = await intake({
          request: async () => {
            const userId = await findUser(database, publicId);
            if (userId === undefined) throw notFound(`there is no user ${publicId}`);
            return requestOf(request.body, userId);
          },
          key: request.headers['idempotency-key'],
          traceparent: request.traceparent,
          pointerInto: (pointer) => (pointer === '/couponId' ? '/userCouponId' : pointer),
        });
        return reply.code(202).header('location', `/api/orders/${placed.orderId}`).send(viewOf(placed, 'PENDING'));
      },
    );

    app.get(
      '/api/orders/:orderNumber',
      {
        schema: {
          tags,
          summary: 'What has become of an order',
          params: z.object({ orderNumber: uuidText }),
          response: { 200: choreographyView },
        },
      },
      async ({ params: { orderNumber } }) => {
        const order = await findOrder(database, orderNumber);
        if (!order) throw notFound(`there is no order ${orderNumber}`);
        return viewOf(order, order.status);
      },
    );
  };

const requestOf = (
  { items, userCouponId, recipientName, shippingAddress, shippingPhone }: z.infer<typeof body>,
  userId: number,
): OrderRequest => ({
  saga: 'reserve-order',
  userId,
  items: items.map(({ productId, quantity }) => ({ productId, quantity, price: null })),
  couponId: userCouponId ?? null,
  shipTo: { recipientName, address: shippingAddress, phone: shippingPhone },
});

const viewOf = (
  { orderId, totalAmount, discountAmount, finalAmount }: PlacedOrder,
  status: Order['status'],
): z.infer<typeof choreographyView> => ({
  orderId,
  orderNumber: orderId,
  status: statusWord[status],
  totalAmount,
  discountAmount,
  finalAmount,
});
