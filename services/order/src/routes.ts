import type { PrismaClient } from '@saga/prisma/order';
import type { Sql } from '@saga/service-kit/database';
import type { HttpApp } from '@saga/service-kit/http-app';
import type { Outbox } from '@saga/service-kit/outbox';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { numericIdText, uuidText } from '@saga/service-kit/path-ids';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import { type Order, orderStatuses } from './domain.ts';
import { orderBody, pointerInto, requestOf } from './order-body.ts';
import { requestCancellation } from './order-cancellation.ts';
import { intakeHeaders, type OrderIntake } from './order-intake.ts';
import { findOrder, listOrders } from './order-queries.ts';
import { type Origins, orderView, placedView, viewOrder, viewPlaced } from './order-view.ts';
import type { OrderWaiters } from './order-waiters.ts';
import { waitSeconds } from './prefer.ts';

export type OrderRoutesOptions = {
  prisma: PrismaClient;
  database: Sql;
  outbox: Outbox;
  intake: OrderIntake;
  waiters: OrderWaiters;
  orchestratorUrl: string;
};

const SECOND_MS = 1_000;
const MAX_REASON = 500;

const tags = ['orders'];
const params = z.object({ orderId: uuidText });

/** The order API. Errors are RFC 9457 problems, from the kit. */
export const orderRoutes =
  ({ prisma, database, outbox, intake, waiters, orchestratorUrl }: OrderRoutesOptions) =>
  (app: HttpApp): void => {
    const originsOf = (request: { protocol: string; host: string }): Origins => ({
      self: `${request.protocol}://${request.host}`,
      orchestrator: orchestratorUrl,
    });

    // Whoever waits for an order gets its answer now: a stop is not held up for half a minute.
    app.addHook('preClose', async () => waiters.close());

    app.post(
      '/orders',
      {
        schema: {
          tags,
          summary: 'Place an order: several items, or one product beside the user',
          headers: intakeHeaders,
          body: orderBody,
          response: { 202: placedView },
        },
      },
      async (request, reply) => {
        const placed = await intake({
          request: () => requestOf(request.body),
          key: request.headers['idempotency-key'],
          traceparent: request.traceparent,
          pointerInto: pointerInto(request.body),
        });
        return reply
          .code(202)
          .header('location', `/orders/${placed.orderId}`)
          .send(viewPlaced(placed, 'PENDING', originsOf(request)));
      },
    );

    app.get(
      '/orders/:orderId',
      {
        schema: {
          tags,
          summary: 'What has become of an order; `Prefer: wait=N` holds the answer until it has ended',
          params,
          headers: z.looseObject({ prefer: z.string().optional().describe('wait=N: at most 30 seconds (RFC 7240)') }),
          response: { 200: orderView },
        },
      },
      async (request, reply) => {
        const { orderId } = request.params;
        const seconds = waitSeconds(request.headers.prefer);
        const order =
          seconds > 0 ? await awaitEnd(orderId, seconds, request.signal) : await findOrder(database, orderId);
        if (!order) throw notFound(`there is no order ${orderId}`);
        if (seconds > 0) reply.header('preference-applied', `wait=${seconds}`);
        return viewOrder(order, originsOf(request));
      },
    );

    /** The order as it is when it has ended or the time is up. */
    async function awaitEnd(orderId: string, seconds: number, gone: AbortSignal): Promise<Order | undefined> {
      const waiting = waiters.join(orderId, seconds * SECOND_MS, gone);
      try {
        const order = await findOrder(database, orderId);
        if (order?.status !== 'PENDING') return order;
        await waiting.over;
        return await findOrder(database, orderId);
      } finally {
        waiting.leave();
      }
    }

    app.get(
      '/orders',
      {
        schema: {
          tags,
          summary: 'Orders, newest first',
          querystring: z.strictObject({
            ...pageQuery(uuidText),
            userId: numericIdText.optional(),
            status: z.enum(orderStatuses).optional(),
          }),
          response: { 200: page(orderView) },
        },
      },
      async (request) => {
        const { limit, ...filter } = request.query;
        const { items, nextCursor } = pageOf(
          await listOrders(prisma, filter, limit + 1),
          limit,
          (order) => order.orderId,
        );
        return { items: items.map((order) => viewOrder(order, originsOf(request))), nextCursor };
      },
    );

    app.post(
      '/orders/:orderId/cancel',
      {
        schema: {
          tags,
          summary: 'Ask for an order to be cancelled; whether it still could be is seen on the order',
          params,
          body: z.strictObject({ reason: z.string().max(MAX_REASON).nullish() }).nullish(),
          response: { 202: orderView },
        },
      },
      async (request, reply) => {
        const order = await requestCancellation(outbox, request.params.orderId, request.body?.reason ?? null);
        return reply.code(202).send(viewOrder(order, originsOf(request)));
      },
    );
  };
