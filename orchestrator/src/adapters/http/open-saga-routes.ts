import { uuid } from '@saga/messages/values';
import { wholeNumber } from '@saga/service-kit/config';
import type { HttpApp } from '@saga/service-kit/http-app';
import { z } from 'zod';
import type { SagaQueries } from '../../app/saga-queries.ts';

const MAX_LIMIT = 1_000;

/** For services that keep what may have to be undone: they forget nothing of a saga that is still open. */
export function openSagaRoutes(app: HttpApp, queries: SagaQueries): void {
  app.get(
    '/sagas/open',
    {
      schema: {
        tags: ['sagas'],
        summary: 'Which sagas of a window of ids have not ended, by id',
        querystring: z.strictObject({
          from: uuid,
          upTo: uuid,
          limit: wholeNumber(1, MAX_LIMIT).default(MAX_LIMIT),
        }),
        response: { 200: z.object({ items: z.array(uuid) }) },
      },
    },
    async ({ query: { limit, ...window } }) => ({ items: await queries.open(window, limit) }),
  );
}
