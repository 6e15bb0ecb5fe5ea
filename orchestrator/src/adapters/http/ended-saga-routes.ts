import { uuid } from '@saga/messages/values';
import { wholeNumber } from '@saga/service-kit/config';
import type { HttpApp } from '@saga/service-kit/http-app';
import { z } from 'zod';
import type { SagaQueries } from '../../app/saga-queries.ts';

const MAX_LIMIT = 1_000;

/** For services that keep what may have to be undone: they forget only what is known here to have ended. */
export function endedSagaRoutes(app: HttpApp, queries: SagaQueries): void {
  app.get(
    '/sagas/ended',
    {
      schema: {
        tags: ['sagas'],
        summary: 'Which sagas of a window of ids have ended, by id',
        querystring: z.strictObject({
          from: uuid,
          upTo: uuid,
          limit: wholeNumber(1, MAX_LIMIT).default(MAX_LIMIT),
        }),
        response: { 200: z.object({ items: z.array(uuid) }) },
      },
    },
    async ({ query: { limit, ...window } }) => ({ items: await queries.ended(window, limit) }),
  );
}
