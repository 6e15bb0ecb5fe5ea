import { traceIdOf } from '@saga/messages/traceparent';
import type { HttpApp } from '@saga/service-kit/http-app';
import { cursorAt, page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { notFound } from '@saga/service-kit/problem';
import { z } from 'zod';
import type { HistoryRow, SagaQueries, StoredSaga } from '../../app/saga-queries.ts';
import { sagaStats } from '../../app/saga-stats.ts';
import { sagaViewIn } from '../../app/saga-view.ts';
import type { Registry } from '../../saga/registry.ts';
import { historySchema, sagaFilter, sagaId, sagaSchema, statsSchema } from './schemas.ts';

/** Of so many open sagas, the oldest, it is told what they wait for: about half a second's work. */
const LOOKED_INTO = 10_000;

const tags = ['sagas'];
const params = z.object({ sagaId });

/** What each saga did, does and waits for. */
export function sagaRoutes(app: HttpApp, registry: Registry, queries: SagaQueries): void {
  const view = sagaViewIn(registry);
  const known = async (id: string): Promise<StoredSaga> => {
    const stored = await queries.one(id);
    if (!stored) throw notFound(`there is no saga ${id}: its order is not known here (yet)`);
    return stored;
  };

  app.get(
    '/sagas',
    {
      schema: {
        tags,
        summary: 'Sagas, newest first; where a filter fits few, a page may be short, or empty, and yet have a next one',
        querystring: z.strictObject({ ...pageQuery(sagaId), ...sagaFilter }),
        response: { 200: page(sagaSchema) },
      },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const { sagas, lookedUpTo } = await queries.page(filter, cursor, limit + 1);
      const { items, nextCursor } = pageOf(sagas, limit, ({ saga }) => saga.id);
      const next = nextCursor ?? (lookedUpTo === undefined ? null : cursorAt(lookedUpTo));
      return { items: items.map(view), nextCursor: next };
    },
  );

  app.get(
    '/sagas/stats',
    { schema: { tags, summary: 'How the open sagas stand, and whom they wait for', response: { 200: statsSchema } } },
    async () => sagaStats(registry, await queries.stats(LOOKED_INTO)),
  );

  app.get(
    '/sagas/:sagaId',
    { schema: { tags, summary: 'One saga, step by step', params, response: { 200: sagaSchema } } },
    async ({ params: { sagaId } }) => view(await known(sagaId)),
  );

  app.get(
    '/sagas/:sagaId/history',
    {
      schema: {
        tags,
        summary: 'What happened to a saga, message by message',
        params,
        querystring: z.strictObject(pageQuery(z.int())),
        response: { 200: page(historySchema) },
      },
    },
    async ({ params: { sagaId }, query: { limit, cursor } }) => {
      const { saga } = await known(sagaId);
      const rows = await queries.history(sagaId, cursor ?? 0, limit + 1);
      const { items, nextCursor } = pageOf(rows, limit, (row) => row.seq);
      return { items: items.map((row) => historyView(row, saga.traceparent)), nextCursor };
    },
  );
}

const historyView = (
  { seq, at, messageId, messageType, actor, reason, effect, sent }: HistoryRow,
  traceparent: string,
) => ({
  seq,
  at: at.toISOString(),
  message: { id: messageId, type: messageType },
  effect,
  sent: sent.map(({ envelope }) => envelope.id),
  actor,
  reason,
  traceId: traceIdOf(traceparent),
});
