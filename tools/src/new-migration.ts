import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { MAINTENANCE_DATABASE, withConnection, withDatabase } from './database-connection.ts';
import { startPostgres } from './infrastructure/postgres.ts';
import { readMigrations } from './migration.ts';
import { migrationsFolder, prismaFolder, schemaFile } from './prisma-folder.ts';
import { runProgram } from './run-program.ts';
import { LOCK_FILE, noFilter, openSchemaEngine } from './schema-engine.ts';
import { parseServiceName, type ServiceName } from './service-name.ts';

/**
 * What has to be done to the tables that the migrations make, so that they become those of `schema.prisma`. The
 * migrations are tried in a database of their own, which is created and dropped.
 *
 * @param adminUrl a server on which databases may be created.
 * @returns SQL; undefined when there is nothing to do.
 */
export async function pendingChanges(service: ServiceName, adminUrl: string): Promise<string | undefined> {
  const shadow = `shadow_${randomBytes(8).toString('hex')}`;
  return withConnection(withDatabase(adminUrl, MAINTENANCE_DATABASE), async (maintenance) => {
    await maintenance.query(`CREATE DATABASE ${pg.escapeIdentifier(shadow)}`);
    try {
      return await compare(service, withDatabase(adminUrl, shadow));
    } finally {
      await maintenance.query(`DROP DATABASE ${pg.escapeIdentifier(shadow)} WITH (FORCE)`);
    }
  });
}

async function compare(service: ServiceName, shadowUrl: string): Promise<string | undefined> {
  const pool = new pg.Pool({ connectionString: shadowUrl });
  try {
    for (const migration of await readMigrations(service)) await pool.query(migration.sql);
    using engine = await openSchemaEngine(service, pool, 'public');
    const schema = { path: 'schema.prisma', content: await readFile(schemaFile(service), 'utf8') };
    const { exitCode, stdout } = await engine.diff({
      from: { tag: 'schemaDatasource', files: [schema], configDir: prismaFolder },
      to: { tag: 'schemaDatamodel', files: [schema] },
      script: true,
      exitCode: true,
      filters: noFilter,
    });
    return exitCode === NOTHING_TO_DO ? undefined : (stdout ?? undefined);
  } finally {
    await pool.end();
  }
}

const NOTHING_TO_DO = 0;

/** Writes `prisma/<service>/migrations/<timestamp>_<name>/migration.sql`, to be read and improved before it is committed. */
async function writeMigration(service: ServiceName, name: string, sql: string): Promise<string> {
  const timestamp = new Date().toISOString().replaceAll(/\D/g, '').slice(0, 'yyyymmddhhmmss'.length);
  const folder = path.join(migrationsFolder(service), `${timestamp}_${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(migrationsFolder(service), 'migration_lock.toml'), LOCK_FILE);
  await writeFile(path.join(folder, 'migration.sql'), sql);
  return path.join(folder, 'migration.sql');
}

async function newMigration(serviceText: string | undefined, name: string | undefined): Promise<void> {
  if (serviceText === undefined || name === undefined || !/^[a-z0-9_]+$/.test(name))
    throw new Error('usage: pnpm migration:new <service> <name>, the name of lower-case letters, digits and _');
  const service = parseServiceName(serviceText);
  const postgres = await startPostgres();
  try {
    const sql = await pendingChanges(service, postgres.url);
    console.log(
      sql === undefined
        ? `the migrations of ${service} already make what its schema.prisma says`
        : `written: ${await writeMigration(service, name, sql)}`,
    );
  } finally {
    await postgres.stop();
  }
}

if (import.meta.main) await runProgram(() => newMigration(process.argv[2], process.argv[3]));
