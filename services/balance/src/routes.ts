import { amount, numericId, time, uuid } from '@saga/messages/values';
import type { Account, Payment, PrismaClient } from '@saga/prisma/balance';
import type { Database } from '@saga/service-kit/database';
import type { HttpApp } from '@saga/service-kit/http-app';
import { answerOnce, idempotencyHeaders, once } from '@saga/service-kit/idempotency';
import type { Outbox } from '@saga/service-kit/outbox';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { numericIdText } from '@saga/service-kit/path-ids';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import { type AccountView, accountView, type PaymentView, paymentView } from './account-view.ts';
import { charge } from './charge.ts';
import { openAccount } from './open-account.ts';

export type BalanceRoutesOptions = { prisma: PrismaClient; database: Database; outbox: Outbox };

/** What can stand in a path as it is. */
const PUBLIC_ID = /^[\w.~@:-]{1,100}$/;

const tags = ['accounts'];
const params = z.object({ userId: numericIdText });
const publicId = z.string().regex(PUBLIC_ID, 'must be 1 to 100 letters, digits or any of _ . ~ @ : -');
const newAccount = z.strictObject({ userId: numericId.optional(), publicId: publicId.optional(), balance: amount });

/** Accounts and what was paid from them. Errors are RFC 9457 problems, from the kit. */
export const balanceRoutes =
  ({ prisma, database, outbox }: BalanceRoutesOptions) =>
  (app: HttpApp): void => {
    app.post(
      '/accounts',
      { schema: { tags, summary: 'Open an account', body: newAccount, response: { 201: accountView } } },
      async (request, reply) => {
        const account = await openAccount(outbox, request.body, request.traceparent);
        return reply.code(201).header('location', `/accounts/${account.userId}`).send(account);
      },
    );

    app.post(
      '/accounts/:userId/charge',
      {
        schema: {
          tags,
          summary: 'Put money into an account',
          params,
          headers: idempotencyHeaders,
          body: z.strictObject({ amount: amount.min(1) }),
          response: { 200: accountView },
        },
      },
      ({ params: { userId }, headers, body }) =>
        answerOnce(database, once(`charge ${userId}`, headers['idempotency-key'], body), accountView, (sql) =>
          charge(sql, userId, body.amount),
        ),
    );

    app.get(
      '/accounts/:userId',
      { schema: { tags, summary: 'An account and its balance', params, response: { 200: accountView } } },
      ({ params: { userId } }) => find(userId),
    );

    app.get(
      '/accounts',
      {
        schema: {
          tags,
          summary: 'Accounts and their balances, by user',
          querystring: z.strictObject(pageQuery(numericId)),
          response: { 200: page(accountView) },
        },
      },
      async ({ query: { limit, cursor } }) => {
        const accounts = await prisma.account.findMany({
          where: { userId: { gt: cursor } },
          orderBy: { userId: 'asc' },
          take: limit + 1,
        });
        return pageOf(accounts.map(viewOf), limit, ({ userId }) => userId);
      },
    );

    app.get(
      '/accounts/:userId/payments',
      {
        schema: {
          tags,
          summary: 'What was paid from an account, newest first',
          params,
          querystring: z.strictObject(pageQuery(z.object({ createdAt: time, paymentId: uuid }))),
          response: { 200: page(paymentView) },
        },
      },
      async ({ params: { userId }, query: { limit, cursor } }) => {
        await find(userId);
        const payments = await prisma.payment.findMany({
          where: {
            userId,
            ...(cursor && {
              // Says no more than what follows, but this the index understands: pages do not begin at the newest.
              createdAt: { lte: cursor.createdAt },
              OR: [
                { createdAt: { lt: cursor.createdAt } },
                { createdAt: cursor.createdAt, actionId: { lt: cursor.paymentId } },
              ],
            }),
          },
          orderBy: [{ createdAt: 'desc' }, { actionId: 'desc' }],
          take: limit + 1,
        });
        return pageOf(payments.map(paymentOf), limit, ({ createdAt, paymentId }) => ({ createdAt, paymentId }));
      },
    );

    async function find(userId: number): Promise<AccountView> {
      const account = await prisma.account.findUnique({ where: { userId } });
      if (!account) throw notFound(`user ${userId} has no account`);
      return viewOf(account);
    }
  };

/** Prisma gives bigints. */
const viewOf = ({ userId, publicId, balance }: Account): AccountView => ({
  userId: Number(userId),
  publicId,
  balance: Number(balance),
});

/** Prisma gives bigints, and words as any text. */
const paymentOf = ({ actionId, orderId, amount, status, createdAt }: Payment): PaymentView => ({
  paymentId: actionId,
  orderId,
  amount: Number(amount),
  status: paymentView.shape.status.parse(status),
  createdAt: createdAt.toISOString(),
});
