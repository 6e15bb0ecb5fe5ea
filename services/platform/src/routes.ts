import { uuid } from '@saga/messages/values';
import type { DailyStatistics, Dispatch, PrismaClient } from '@saga/prisma/platform';
import type { HttpApp } from '@saga/service-kit/http-app';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { uuidText } from '@saga/service-kit/path-ids';
import { z } from 'zod';
import { type DayView, type DispatchView, dayView, dispatchView } from './platform-view.ts';

export type PlatformRoutesOptions = { prisma: PrismaClient };

const tags = ['platform'];
const date = z.iso.date();

/** What was sold, and whether the external platform knows. Errors are RFC 9457 problems, from the kit. */
export const platformRoutes =
  ({ prisma }: PlatformRoutesOptions) =>
  (app: HttpApp): void => {
    app.get(
      '/statistics',
      {
        schema: {
          tags,
          summary: 'Completed orders per day (UTC), both ends included',
          querystring: z.strictObject({ ...pageQuery(date), from: date.optional(), to: date.optional() }),
          response: { 200: page(dayView) },
        },
      },
      async ({ query: { limit, cursor, from, to } }) => {
        const days = await prisma.dailyStatistics.findMany({
          where: { date: { gte: startOf(from), lte: startOf(to), gt: startOf(cursor) } },
          orderBy: { date: 'asc' },
          take: limit + 1,
        });
        return pageOf(days.map(viewDay), limit, (day) => day.date);
      },
    );

    app.get(
      '/dispatches',
      {
        schema: {
          tags,
          summary:
            'Whether the platform was told, by order; nothing for orders that came while there was no URL to send to',
          querystring: z.strictObject({ ...pageQuery(uuid), orderId: uuidText.optional() }),
          response: { 200: page(dispatchView) },
        },
      },
      async ({ query: { limit, cursor, orderId } }) => {
        const dispatches = await prisma.dispatch.findMany({
          where: { orderId: { equals: orderId, gt: cursor } },
          orderBy: { orderId: 'asc' },
          take: limit + 1,
        });
        return pageOf(dispatches.map(viewDispatch), limit, (dispatch) => dispatch.orderId);
      },
    );
  };

/** Prisma knows a day by its first moment in UTC. */
const startOf = (day: string | undefined): Date | undefined => (day === undefined ? undefined : new Date(day));

/** Prisma gives bigints. */
const viewDay = (day: DailyStatistics): DayView => ({
  date: day.date.toISOString().slice(0, 'yyyy-mm-dd'.length),
  orders: Number(day.orders),
  items: Number(day.items),
  totalAmount: Number(day.totalAmount),
  discountAmount: Number(day.discountAmount),
  finalAmount: Number(day.finalAmount),
});

/** Prisma gives words as any text. */
const viewDispatch = ({ orderId, status, attempts, lastError, sentAt }: Dispatch): DispatchView => ({
  orderId,
  status: dispatchView.shape.status.parse(status),
  attempts,
  lastError,
  sentAt: sentAt?.toISOString() ?? null,
});
