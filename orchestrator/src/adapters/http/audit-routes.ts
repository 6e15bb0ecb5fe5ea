import type { HttpApp } from '@saga/service-kit/http-app';
import { page, pageOf, pageQuery } from '@saga/service-kit/pages';
import { z } from 'zod';
import type { AuditQueries, AuditRow } from '../../app/audit.ts';

const auditSchema = z
  .object({
    auditId: z.int(),
    at: z.string().describe('RFC 3339, UTC'),
    actor: z.string(),
    action: z.string(),
    target: z.object({ kind: z.enum(['saga', 'dead-letter']), id: z.string() }),
    reason: z.string(),
    detail: z.looseObject({}),
  })
  .meta({ id: 'AuditEntry' });

/** What people did, and why. */
export function auditRoutes(app: HttpApp, queries: AuditQueries): void {
  app.get(
    '/audit',
    {
      schema: {
        tags: ['audit'],
        summary: 'What operators did, newest first',
        querystring: z.strictObject({
          ...pageQuery(z.int()),
          target: z.string().optional().describe('The id of a saga or of a dead letter'),
          actor: z.string().optional(),
          action: z.string().optional(),
        }),
        response: { 200: page(auditSchema) },
      },
    },
    async ({ query: { limit, cursor, ...filter } }) => {
      const { items, nextCursor } = pageOf(await queries.page(filter, cursor, limit + 1), limit, ({ id }) => id);
      return { items: items.map(auditView), nextCursor };
    },
  );
}

const auditView = ({ id, at, ...entry }: AuditRow) => ({ auditId: id, at: at.toISOString(), ...entry });
