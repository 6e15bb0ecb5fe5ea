import { amount, numericId, time } from '@saga/messages/values';
import type { PrismaClient, Coupon as StoredCoupon } from '@saga/prisma/coupon';
import type { HttpApp } from '@saga/service-kit/http-app';
import type { Outbox } from '@saga/service-kit/outbox';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { numericIdText } from '@saga/service-kit/path-ids';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import { couponView, viewCoupon } from './coupon-view.ts';
import { issueCoupon } from './issue-coupon.ts';
import { type CouponRow, couponOf } from './store.ts';

export type CouponRoutesOptions = { prisma: PrismaClient; outbox: Outbox };

const FIRST_MOMENT = Date.parse('1970-01-01T00:00:00Z');
const LAST_MOMENT = Date.parse('9999-12-31T23:59:59Z');

const tags = ['coupons'];
const params = z.object({ couponId: numericIdText });
/** In the past too: a coupon may be recorded that has expired. */
const expiresAt = time.refine(
  (text) => !(Date.parse(text) < FIRST_MOMENT || Date.parse(text) > LAST_MOMENT),
  'must lie within the years 1970 to 9999',
);
const newCoupon = z.strictObject({
  couponId: numericId.optional(),
  userId: numericId,
  discountAmount: amount.min(1),
  expiresAt: expiresAt.nullish(),
});

/** Coupons. Errors are RFC 9457 problems, from the kit. */
export const couponRoutes =
  ({ prisma, outbox }: CouponRoutesOptions) =>
  (app: HttpApp): void => {
    app.post(
      '/coupons',
      { schema: { tags, summary: 'Issue a coupon to a user', body: newCoupon, response: { 201: couponView } } },
      async (request, reply) => {
        const coupon = await issueCoupon(outbox, request.body, request.traceparent);
        return reply.code(201).header('location', `/coupons/${coupon.couponId}`).send(viewCoupon(coupon, new Date()));
      },
    );

    app.get(
      '/coupons/:couponId',
      { schema: { tags, summary: 'A coupon and what has become of it', params, response: { 200: couponView } } },
      async ({ params: { couponId } }) => {
        const coupon = await prisma.coupon.findUnique({ where: { couponId } });
        if (!coupon) throw notFound(`there is no coupon ${couponId}`);
        return viewCoupon(couponOf(rowOf(coupon)), new Date());
      },
    );

    app.get(
      '/coupons',
      {
        schema: {
          tags,
          summary: 'Coupons, by id',
          querystring: z.strictObject({ ...pageQuery(numericId), userId: numericIdText.optional() }),
          response: { 200: page(couponView) },
        },
      },
      async ({ query: { limit, cursor, userId } }) => {
        const coupons = await prisma.coupon.findMany({
          where: { userId, couponId: { gt: cursor } },
          orderBy: { couponId: 'asc' },
          take: limit + 1,
        });
        const now = new Date();
        return pageOf(
          coupons.map((coupon) => viewCoupon(couponOf(rowOf(coupon)), now)),
          limit,
          ({ couponId }) => couponId,
        );
      },
    );
  };

/** Prisma gives bigints. */
const rowOf = ({ couponId, userId, discountAmount, expiresAt, actionId, orderId }: StoredCoupon): CouponRow => ({
  couponId: Number(couponId),
  userId: Number(userId),
  discountAmount: Number(discountAmount),
  expiresAt,
  actionId,
  orderId,
});
