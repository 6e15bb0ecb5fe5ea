import type { HttpApp } from '@saga/service-kit/http-app';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import { deadLetterView } from '../../app/dead-letter-view.ts';
import type { DeadLetterStore, OpenDeadLetters } from '../../app/dead-letters.ts';
import type { DeadLetterDecisions } from '../../app/decide-dead-letters.ts';
import { actorOf } from './actor.ts';
import {
  deadLetterFilter,
  deadLetterId,
  deadLetterKind,
  deadLetterSchema,
  openSchema,
  redriveMany,
  redrivenSchema,
  why,
} from './dead-letter-schemas.ts';

const tags = ['dead letters'];
const params = z.object({ deadLetterId });

/** Enough to know it by; whole it may have half a megabyte. */
const LISTED_VALUE_BYTES = 2_000;

const summaries = {
  redrive: 'Publish it again, as it was: who has handled it already is not disturbed',
  discard: 'Nothing is to be done about it',
} as const;

/** What could not be read or handled, and what operators do about it. */
export function deadLetterRoutes(app: HttpApp, store: DeadLetterStore, decisions: DeadLetterDecisions): void {
  app.get(
    '/dead-letters',
    {
      schema: {
        tags,
        summary: 'Dead letters, newest first',
        querystring: z.strictObject({ ...pageQuery(z.int()), ...deadLetterFilter }),
        response: { 200: page(deadLetterSchema) },
      },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const letters = await store.page(filter, cursor, limit + 1, LISTED_VALUE_BYTES);
      const { items, nextCursor } = pageOf(letters, limit, ({ seq }) => seq);
      return { items: items.map(deadLetterView), nextCursor };
    },
  );

  app.get(
    '/dead-letters/stats',
    {
      schema: {
        tags,
        summary: 'How many are open, by what went wrong where',
        querystring: z.strictObject(deadLetterKind),
        response: { 200: openSchema },
      },
    },
    async ({ query }) => {
      const kinds = await store.countOpen(query);
      return {
        open: sum(kinds),
        kinds: kinds.map(({ oldest, ...kind }) => ({ ...kind, oldest: oldest.toISOString() })),
      };
    },
  );

  app.get(
    '/dead-letters/:deadLetterId',
    { schema: { tags, summary: 'One dead letter, whole', params, response: { 200: deadLetterSchema } } },
    async ({ params: { deadLetterId: id } }) => {
      const letter = await store.one(id);
      if (!letter) throw notFound(`there is no dead letter ${id}`);
      return deadLetterView(letter);
    },
  );

  for (const action of ['redrive', 'discard'] as const)
    app.post(
      `/dead-letters/:deadLetterId/${action}`,
      {
        schema: {
          tags,
          summary: summaries[action],
          params,
          body: z.strictObject(why),
          response: { 200: deadLetterSchema },
        },
      },
      async (request) => {
        const operator = { by: actorOf(request), because: request.body.reason };
        return deadLetterView(await decisions[action](request.params.deadLetterId, operator));
      },
    );

  app.post(
    '/dead-letters/redrive',
    {
      schema: {
        tags,
        summary: 'Redrive the oldest of a kind: GET /dead-letters/stats counts them before',
        body: redriveMany,
        response: { 200: redrivenSchema },
      },
    },
    async (request) => {
      const { reason, limit, ...kind } = request.body;
      return decisions.redriveMany(kind, limit, { by: actorOf(request), because: reason });
    },
  );
}

const sum = (kinds: readonly OpenDeadLetters[]): number => kinds.reduce((total, { letters }) => total + letters, 0);
