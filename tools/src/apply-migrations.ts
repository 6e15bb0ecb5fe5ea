import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { withConnection } from './database-connection.ts';
import type { Migration } from './migration.ts';

/** The lock that `prisma migrate deploy` takes too: whichever comes second waits. */
const PRISMA_MIGRATE_LOCK = 72_707_369;
const LOCK_TIMEOUT_MS = 120_000;

/** As Prisma makes it, so that `prisma migrate deploy` finds its own table. */
const CREATE_TABLE = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

type Applied = { name: string; checksum: string; finished: boolean };

const SELECT_APPLIED = `
  SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
  FROM _prisma_migrations WHERE rolled_back_at IS NULL`;

const INSERT_STARTED = `
  INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, clock_timestamp())`;

const UPDATE_FINISHED = `
  UPDATE _prisma_migrations SET finished_at = clock_timestamp(), applied_steps_count = 1 WHERE id = $1`;

/**
 * Applies, as the role of the URL and in its schema, the migrations that were not applied yet, and keeps
 * `_prisma_migrations` as `prisma migrate deploy` would. Unlike there, each migration and its row are one transaction:
 * one that fails leaves nothing behind, to be tidied by hand. (So none may begin or end a transaction itself.)
 *
 * @returns the names of those that were applied now.
 * @throws Error in one line: a migration failed, was edited after it was applied, or was left half done by Prisma.
 */
export function applyMigrations(serviceUrl: string, migrations: readonly Migration[]): Promise<string[]> {
  const service = new URL(serviceUrl).username;
  return withConnection(serviceUrl, async (client) => {
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_MIGRATE_LOCK]);
    await client.query(CREATE_TABLE);
    const { rows } = await client.query<Applied>(SELECT_APPLIED);
    const applied = new Map(rows.map((row) => [row.name, row]));
    const pending = migrations.filter((migration) => isPending(service, migration, applied.get(migration.name)));
    for (const migration of pending) await apply(client, service, migration);
    return pending.map((migration) => migration.name);
  });
}

function isPending(service: string, migration: Migration, applied: Applied | undefined): boolean {
  if (applied === undefined) return true;
  if (!applied.finished)
    throw new Error(
      `migration ${migration.name} of ${service} was begun by Prisma and failed: see "prisma migrate resolve"`,
    );
  if (applied.checksum !== migration.checksum)
    throw new Error(
      `migration ${migration.name} of ${service} was edited after it was applied: undo that and add a new migration, or begin with an empty database`,
    );
  return false;
}

async function apply(client: pg.Client, service: string, migration: Migration): Promise<void> {
  const id = randomUUID();
  await client.query('BEGIN');
  try {
    await client.query(INSERT_STARTED, [id, migration.checksum, migration.name]);
    await client.query(migration.sql);
    await client.query(UPDATE_FINISHED, [id]);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`migration ${migration.name} of ${service} failed: ${reasonOf(error, migration.sql)}`);
  }
}

function reasonOf(error: unknown, sql: string): string {
  if (!(error instanceof pg.DatabaseError) || error.position === undefined) return String(error);
  return `${error.message} (line ${sql.slice(0, Number(error.position)).split('\n').length})`;
}
