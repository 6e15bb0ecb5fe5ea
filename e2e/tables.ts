import { serviceNames } from '@saga/tools/service-name';
import { query } from './database.ts';

/** Every row of every table, as text; by schema and table. */
export type Tables = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What a message may change although it changes nothing that was promised: `topic_progress` counts probes and marks how
 * far a participant has answered; a dead letter is kept for each place where its message stood.
 */
const BOOKKEEPING = ['orchestrator.topic_progress', 'orchestrator.dead_letter', 'orchestrator.outbox'];

const TABLES = `
  SELECT table_schema AS schema, table_name AS name FROM information_schema.tables
  WHERE table_schema = ANY($1::text[]) AND table_type = 'BASE TABLE' AND table_name <> '_prisma_migrations'`;

/** All that an installation remembers. */
export async function readTables(databaseUrl: string): Promise<Tables> {
  const read = new Map<string, Set<string>>();
  for (const { schema, name } of await query<{ schema: string; name: string }>(databaseUrl, TABLES, [serviceNames])) {
    const table = `${schema}.${name}`;
    if (BOOKKEEPING.includes(table)) continue;
    const rows = await query<{ row: string }>(
      databaseUrl,
      `SELECT to_json(it)::text AS row FROM "${schema}"."${name}" it`,
    );
    read.set(table, new Set(rows.map(({ row }) => row)));
  }
  return read;
}

/** The rows that are in one and not in the other, a few of each table. */
export function differences(before: Tables, after: Tables): { table: string; gone: string[]; come: string[] }[] {
  return [...before].flatMap(([table, rows]) => {
    const now = after.get(table) ?? new Set();
    const gone = [...rows.difference(now)].slice(0, 3);
    const come = [...now.difference(rows)].slice(0, 3);
    return gone.length + come.length > 0 ? [{ table, gone, come }] : [];
  });
}
