import { shipTo, uuid } from '@saga/messages/values';
import type { Delivery, PrismaClient } from '@saga/prisma/delivery';
import type { Database } from '@saga/service-kit/database';
import type { HttpApp } from '@saga/service-kit/http-app';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { uuidText } from '@saga/service-kit/path-ids';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import { type DeliveryView, deliveryView } from './delivery-view.ts';
import { replaceUnservedAreas } from './unserved-areas.ts';

export type DeliveryRoutesOptions = { prisma: PrismaClient; database: Database };

const MAX_AREAS = 200;
const MAX_PREFIX_LENGTH = 100;

const prefix = z.string().max(MAX_PREFIX_LENGTH).regex(/\S/, 'must not be blank: every address would start so');
const unservedAreas = z.strictObject({ prefixes: z.array(prefix).max(MAX_AREAS) });

/** Deliveries, and where nobody delivers. Errors are RFC 9457 problems, from the kit. */
export const deliveryRoutes =
  ({ prisma, database }: DeliveryRoutesOptions) =>
  (app: HttpApp): void => {
    const listUnservedAreas = async (): Promise<z.infer<typeof unservedAreas>> => {
      const areas = await prisma.unservedArea.findMany({ orderBy: { prefix: 'asc' }, take: MAX_AREAS });
      return { prefixes: areas.map((area) => area.prefix) };
    };

    app.get(
      '/unserved-areas',
      {
        schema: {
          tags: ['unserved areas'],
          summary: 'How the addresses start to which nobody delivers',
          response: { 200: unservedAreas },
        },
      },
      listUnservedAreas,
    );

    app.put(
      '/unserved-areas',
      {
        schema: {
          tags: ['unserved areas'],
          summary: 'Replace the whole list',
          body: unservedAreas,
          response: { 200: unservedAreas },
        },
      },
      async ({ body: { prefixes } }) => {
        await replaceUnservedAreas(database, prefixes);
        return listUnservedAreas();
      },
    );

    app.get(
      '/deliveries/:deliveryId',
      {
        schema: {
          tags: ['deliveries'],
          summary: 'A delivery',
          params: z.object({ deliveryId: uuidText }),
          response: { 200: deliveryView },
        },
      },
      async ({ params: { deliveryId } }) => {
        const delivery = await prisma.delivery.findUnique({ where: { deliveryId } });
        if (!delivery) throw notFound(`there is no delivery ${deliveryId}`);
        return viewOf(delivery);
      },
    );

    app.get(
      '/deliveries',
      {
        schema: {
          tags: ['deliveries'],
          summary: 'Deliveries, by id',
          querystring: z.strictObject({ ...pageQuery(uuid), orderId: uuidText.optional() }),
          response: { 200: page(deliveryView) },
        },
      },
      async ({ query: { limit, cursor, orderId } }) => {
        const deliveries = await prisma.delivery.findMany({
          where: { orderId, deliveryId: { gt: cursor } },
          orderBy: { deliveryId: 'asc' },
          take: limit + 1,
        });
        return pageOf(deliveries.map(viewOf), limit, ({ deliveryId }) => deliveryId);
      },
    );
  };

/** Prisma gives bigints, and JSON and words as anything. */
const viewOf = ({ deliveryId, orderId, userId, shipTo: to, status, createdAt }: Delivery): DeliveryView => ({
  deliveryId,
  orderId,
  userId: Number(userId),
  shipTo: shipTo.nullable().parse(to),
  status: deliveryView.shape.status.parse(status),
  createdAt: createdAt.toISOString(),
});
