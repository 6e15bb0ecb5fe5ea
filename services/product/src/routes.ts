import { amount, numericId, quantity } from '@saga/messages/values';
import type { PrismaClient, Product } from '@saga/prisma/product';
import type { Database } from '@saga/service-kit/database';
import type { HttpApp } from '@saga/service-kit/http-app';
import { answerOnce, idempotencyHeaders, once } from '@saga/service-kit/idempotency';
import type { Outbox } from '@saga/service-kit/outbox';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { numericIdText } from '@saga/service-kit/path-ids';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import { addProduct, changeProduct } from './catalogue.ts';
import { type ProductView, pieces, productView } from './product-view.ts';
import { restock } from './restock.ts';

export type ProductRoutesOptions = { prisma: PrismaClient; database: Database; outbox: Outbox };

const MAX_NAME_LENGTH = 200;

const tags = ['products'];
const params = z.object({ productId: numericIdText });
const name = z.string().trim().min(1).max(MAX_NAME_LENGTH);
const newProduct = z.strictObject({ productId: numericId.optional(), name, price: amount, stock: pieces });
const productChange = z
  .strictObject({ name: name.optional(), price: amount.optional() })
  .refine((change) => change.name !== undefined || change.price !== undefined, {
    error: 'needs a name or a price',
    params: { code: 'NOTHING_TO_CHANGE' },
  });

/** The catalogue and the stock. Errors are RFC 9457 problems, from the kit. */
export const productRoutes =
  ({ prisma, database, outbox }: ProductRoutesOptions) =>
  (app: HttpApp): void => {
    app.post(
      '/products',
      { schema: { tags, summary: 'Add a product', body: newProduct, response: { 201: productView } } },
      async (request, reply) => {
        const product = await addProduct(outbox, request.body, request.traceparent);
        return reply.code(201).header('location', `/products/${product.productId}`).send(product);
      },
    );

    app.put(
      '/products/:productId',
      {
        schema: {
          tags,
          summary: 'Change what a product is called or costs',
          params,
          body: productChange,
          response: { 200: productView },
        },
      },
      (request) => changeProduct(outbox, request.params.productId, request.body, request.traceparent),
    );

    app.post(
      '/products/:productId/restock',
      {
        schema: {
          tags,
          summary: 'Put more of a product in',
          params,
          headers: idempotencyHeaders,
          body: z.strictObject({ quantity }),
          response: { 200: productView },
        },
      },
      ({ params: { productId }, headers, body }) =>
        answerOnce(database, once(`restock ${productId}`, headers['idempotency-key'], body), productView, (sql) =>
          restock(sql, productId, body.quantity),
        ),
    );

    app.get(
      '/products/:productId',
      { schema: { tags, summary: 'A product and its stock', params, response: { 200: productView } } },
      async ({ params: { productId } }) => {
        const product = await prisma.product.findUnique({ where: { productId } });
        if (!product) throw notFound(`there is no product ${productId}`);
        return viewOf(product);
      },
    );

    app.get(
      '/products',
      {
        schema: {
          tags,
          summary: 'Products and their stock, by id',
          querystring: z.strictObject(pageQuery(numericId)),
          response: { 200: page(productView) },
        },
      },
      async ({ query: { limit, cursor } }) => {
        const products = await prisma.product.findMany({
          where: { productId: { gt: cursor } },
          orderBy: { productId: 'asc' },
          take: limit + 1,
        });
        return pageOf(products.map(viewOf), limit, ({ productId }) => productId);
      },
    );
  };

/** Prisma gives bigints. */
const viewOf = ({ productId, name, price, available, reserved, sold }: Product): ProductView => ({
  productId: Number(productId),
  name,
  price: Number(price),
  available: Number(available),
  reserved: Number(reserved),
  sold: Number(sold),
});
