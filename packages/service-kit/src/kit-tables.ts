import type { Sql } from './database.ts';

const KIT_TABLES = ['outbox', 'inbox', 'idempotency'] as const;
export type KitTable = (typeof KIT_TABLES)[number];

const FIND_TABLES = `SELECT name FROM unnest($1::text[]) AS kit (name) WHERE to_regclass(name) IS NOT NULL`;

/**
 * Which of the kit's tables this service's schema has. Every service has an outbox; the others only where they are used.
 *
 * @throws while there are none: a service that began before its migrations would turn all messages into dead letters.
 */
export async function findKitTables(sql: Sql): Promise<ReadonlySet<KitTable>> {
  const found = await sql.query<{ name: KitTable }>(FIND_TABLES, [KIT_TABLES]);
  const tables = new Set(found.map((table) => table.name));
  if (!tables.has('outbox')) throw new Error('its tables are not there yet: the migrations have not been applied');
  return tables;
}
