import type { HttpApp } from '@saga/service-kit/http-app';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import { definitionView } from '../../app/definition-view.ts';
import type { Registry } from '../../saga/registry.ts';
import { definitionSchema } from './schemas.ts';

const tags = ['definitions'];

/** The business processes that are registered here. */
export function definitionRoutes(app: HttpApp, registry: Registry): void {
  app.get(
    '/definitions',
    {
      schema: {
        tags,
        summary: 'Every definition, all versions',
        querystring: z.strictObject(pageQuery(z.int().min(0))),
        response: { 200: page(definitionSchema) },
      },
    },
    async ({ query: { limit, cursor = 0 } }) => {
      const following = registry.definitions
        .map((definition, index) => ({ definition, next: index + 1 }))
        .slice(cursor);
      const { items, nextCursor } = pageOf(following, limit, ({ next }) => next);
      return { items: items.map(({ definition }) => definitionView(definition)), nextCursor };
    },
  );

  app.get(
    '/definitions/:name',
    {
      schema: {
        tags,
        summary: 'The latest version of a definition',
        params: z.object({ name: z.string() }),
        response: { 200: definitionSchema },
      },
    },
    async ({ params: { name } }) => {
      const definition = registry.latest(name);
      if (!definition) throw notFound(`there is no definition ${name}`);
      return definitionView(definition);
    },
  );
}
