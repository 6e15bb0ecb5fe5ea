import { uuid } from '@saga/messages/values';
import { z } from 'zod';
import { wholeNumber } from './config.ts';
import { BY_WHOLE_TABLES, type Database, type Sql } from './database.ts';
import type { HttpApp } from './http-app.ts';

/** The most orders that one answer tells of. */
export const LEDGER_LIMIT = 1_000;
/** The most things of one service that do not add up and are told: one is enough to look. */
const MAX_FAULTS = 100;
/** To add everything up, once; whoever asks waits a little longer, and still shorter than a connection may be silent. */
export const ADD_UP_TIMEOUT_MS = 40_000;

/** What stands of one action in a service's books: not what was undone. */
const ledgerEffect = z.object({
  actionId: uuid.describe('The command id of the action'),
  status: z.string().describe('In the service’s own word'),
  isSettled: z.boolean().describe('Nothing is to happen to it any more where its order is completed'),
  reply: z.looseObject({}).describe('What of its answer the books can tell'),
});
export type LedgerEffect = z.infer<typeof ledgerEffect>;

const ledgerItem = z.object({ orderId: uuid, effects: z.array(ledgerEffect) });
export type LedgerItem = z.infer<typeof ledgerItem>;

export const ledgerPage = z.object({ items: z.array(ledgerItem) });

const ledgerFault = z.object({ subject: z.string(), message: z.string() });
export type LedgerFault = z.infer<typeof ledgerFault>;

export const ledgerFaults = z.object({ items: z.array(ledgerFault) });

/** A service's books, as two statements. */
export type LedgerStatements = {
  /** `orderId, effects` of at most $3 orders after $1 up to and including $2, by order id. */
  effects: string;
  /** `subject, message` of at most $1 things whose sums do not add up. One statement sees one moment. */
  faults?: string;
};

const tags = ['ledger'];

/**
 * What a service has done for which order, for whoever compares it with what was asked of it (the orchestrator's
 * `/reconciliation`). It only reads.
 */
export function ledgerRoutes(app: HttpApp, database: Database, { effects, faults }: LedgerStatements): void {
  app.get(
    '/ledger',
    {
      schema: {
        tags,
        summary: 'What stands of each order, by order id',
        querystring: z.strictObject({
          after: uuid,
          upTo: uuid.describe('The last order id of the window'),
          limit: wholeNumber(1, LEDGER_LIMIT).default(LEDGER_LIMIT),
        }),
        response: { 200: ledgerPage },
      },
    },
    async ({ query: { after, upTo, limit } }) => ({
      items: await database.query<LedgerItem>(effects, [after, upTo, limit]),
    }),
  );

  app.get(
    '/ledger/faults',
    { schema: { tags, summary: 'What does not add up', response: { 200: ledgerFaults } } },
    async () => ({
      items: faults === undefined ? [] : await database.transaction((sql) => addUp(sql, faults)),
    }),
  );
}

async function addUp(sql: Sql, faults: string): Promise<LedgerFault[]> {
  await sql.query(`SET LOCAL statement_timeout = ${ADD_UP_TIMEOUT_MS}`);
  await sql.query(BY_WHOLE_TABLES);
  return sql.query<LedgerFault>(faults, [MAX_FAULTS]);
}
