import { uuid } from '@saga/messages/values';
import { wholeNumber } from '@saga/service-kit/config';
import type { HttpApp } from '@saga/service-kit/http-app';
import { LEDGER_LIMIT } from '@saga/service-kit/ledger';
import { cursorAt, page, pageQuery } from '@saga/service-kit/pages';
import { z } from 'zod';
import { differenceCodes } from '../../app/reconciliation/differences.ts';
import type { LedgerSource } from '../../app/reconciliation/ledgers.ts';
import { faultsOf, reconcileWindow, type SagaBooks } from '../../app/reconciliation/reconcile.ts';

const differenceSchema = z
  .object({
    orderId: uuid.nullable().describe('null where it is no single order’s'),
    service: z.string(),
    code: z.enum(differenceCodes),
    message: z.string().describe('What each says, and what to do'),
  })
  .meta({ id: 'Difference' });

export type ReconciliationRoutesOptions = {
  sagas: SagaBooks;
  sources: readonly LedgerSource[];
  retentionDays: number;
};

/** Whether the sagas and the services' books agree. It only reads. */
export function reconciliationRoutes(app: HttpApp, options: ReconciliationRoutesOptions): void {
  const { sagas, sources, retentionDays } = options;
  app.get(
    '/reconciliation',
    {
      schema: {
        tags: ['reconciliation'],
        summary: 'Every difference between the sagas and the services’ books; a page may have none and yet a next one',
        querystring: z.strictObject({
          ...pageQuery(uuid),
          limit: wholeNumber(1, LEDGER_LIMIT).default(LEDGER_LIMIT).describe('The most orders to compare'),
        }),
        response: { 200: page(differenceSchema) },
      },
    },
    async ({ query: { cursor, limit } }) => {
      // What is older is being forgotten, by each service at its own time.
      const after = cursor ?? (await sagas.first(retentionDays - 1));
      // At once, so that it takes no longer than the slower of the two may: a connection that is silent for long ends.
      const [{ differences, next }, faults] = await Promise.all([
        reconcileWindow(sagas, sources, after, limit),
        cursor === undefined ? faultsOf(sources) : [],
      ]);
      return { items: [...faults, ...differences], nextCursor: next === undefined ? null : cursorAt(next) };
    },
  );
}
