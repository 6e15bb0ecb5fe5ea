import { isDeepStrictEqual } from 'node:util';
import type { Incoming } from '@saga/orchestrator/saga/incoming';
import { rebuild } from '@saga/orchestrator/saga/rebuild';
import { allSagas } from '@saga/orchestrator/sagas/all';
import { query } from './database.ts';

type Row = { id: string; state: unknown; journal: { incoming: Incoming; at: number }[] };

const SAGAS_WITH_JOURNAL = `
  SELECT saga.id, saga.state,
         json_agg(json_build_object('incoming', incoming, 'at', floor(extract(epoch FROM at) * 1000)) ORDER BY seq)
           AS journal
  FROM orchestrator.saga JOIN orchestrator.journal ON saga_id = saga.id
  GROUP BY saga.id`;

/** The sagas whose stored state is not the one that their journal rebuilds. */
export async function journalMismatches(databaseUrl: string): Promise<string[]> {
  const rows = await query<Row>(databaseUrl, SAGAS_WITH_JOURNAL);
  return rows
    .filter(({ state, journal }) => !isDeepStrictEqual(plain(rebuild(allSagas, journal)), plain(state)))
    .map(({ id }) => id);
}

/** As JSON has it: without the fields that are undefined. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null));
