import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAINTENANCE_DATABASE, withConnection, withDatabase } from './database-connection.ts';
import { type Postgres, startPostgres } from './infrastructure/postgres.ts';
import { migrate } from './migrate.ts';
import { readMigrations } from './migration.ts';
import { pendingChanges } from './new-migration.ts';
import { migrationsFolder } from './prisma-folder.ts';
import { migrationList, noFilter, openSchemaEngine } from './schema-engine.ts';
import { serviceDatabaseUrl } from './service-database-url.ts';
import { type ServiceName, serviceNames } from './service-name.ts';

const database = `migrate_${randomBytes(6).toString('hex')}`;
let postgres: Postgres;
let adminUrl: string;

beforeAll(async () => {
  postgres = await startPostgres();
  adminUrl = withDatabase(postgres.url, database);
  await migrate({ databaseUrl: adminUrl });
});

afterAll(async () => {
  await withConnection(withDatabase(adminUrl, MAINTENANCE_DATABASE), (client) =>
    client.query(`DROP DATABASE IF EXISTS ${pg.escapeIdentifier(database)} WITH (FORCE)`),
  );
  await postgres.stop();
});

const as = <Row extends object>(service: ServiceName, sql: string) =>
  withConnection(serviceDatabaseUrl(adminUrl, service), async (client) => (await client.query<Row>(sql)).rows);

describe('a migrated database', () => {
  it('lets a service use its own tables without naming the schema', async () => {
    expect(await as('order', 'SELECT id FROM outbox')).toEqual([]);
  });

  it('keeps every service out of every other schema', async () => {
    for (const service of serviceNames)
      for (const other of serviceNames.filter((name) => name !== service)) {
        await expect(as(service, `SELECT id FROM "${other}".outbox`)).rejects.toThrow('permission denied for schema');
        await expect(as(service, `CREATE TABLE "${other}".intruder ()`)).rejects.toThrow(
          'permission denied for schema',
        );
      }
    await expect(as('order', 'CREATE TABLE public.intruder ()')).rejects.toThrow('permission denied for schema');
    await expect(as('order', 'CREATE SCHEMA intruder')).rejects.toThrow('permission denied for database');
  });

  it('has its tables owned by the role of their service', async () => {
    const owners = await as('order', `SELECT DISTINCT tableowner AS owner FROM pg_tables WHERE schemaname = 'order'`);
    expect(owners).toEqual([{ owner: 'order' }]);
  });

  it('is left as it is by another migrate, and by several at once', async () => {
    const before = await journal('order');
    expect(await migrate({ databaseUrl: adminUrl })).toEqual([]);
    expect(await Promise.all([1, 2, 3].map(() => migrate({ databaseUrl: adminUrl })))).toEqual([[], [], []]);
    expect(await journal('order')).toEqual(before);
  });

  it('is made whole when several migrate it for the first time at once', async () => {
    const fresh = withDatabase(adminUrl, `${database}_at_once`);
    const applied = await Promise.all([1, 2, 3].map(() => migrate({ databaseUrl: fresh })));
    const expected = await Promise.all(
      serviceNames.map(async (service) => (await readMigrations(service)).map(({ name }) => `${service}/${name}`)),
    );
    expect(applied.flat().sort()).toEqual(expected.flat().sort());
    await withConnection(adminUrl, (client) => client.query(`DROP DATABASE "${database}_at_once" WITH (FORCE)`));
  });
});

describe('the migrations table', () => {
  it("has the checksum of each migration's file, and says that it is applied", async () => {
    const rows = await journal('order');
    expect(rows.length).toBeGreaterThan(0);
    for (const row of rows) {
      const file = await readFile(path.join(migrationsFolder('order'), row.migration_name, 'migration.sql'));
      expect(row).toMatchObject({
        checksum: createHash('sha256').update(file).digest('hex'),
        applied_steps_count: 1,
        rolled_back_at: null,
      });
      expect(row.finished_at).toBeInstanceOf(Date);
    }
  });

  it("leaves Prisma's own engine nothing to apply, and nothing to complain of", async () => {
    for (const service of serviceNames)
      await withEngine(service, async (engine) => {
        const migrationsList = await migrationList(service);
        expect(await engine.applyMigrations({ migrationsList, filters: noFilter })).toEqual({
          appliedMigrationNames: [],
        });
        expect(
          await engine.diagnoseMigrationHistory({ migrationsList, optInToShadowDatabase: false, filters: noFilter }),
        ).toMatchObject({
          editedMigrationNames: [],
          failedMigrationNames: [],
          hasMigrationsTable: true,
          history: null,
        });
      });
  });

  it('is the same, column by column, as the one that Prisma makes', async () => {
    const columns = `SELECT column_name, data_type, character_maximum_length, is_nullable, column_default
      FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`;
    const ours = await as('platform', columns);
    const rows = await journal('platform');
    await withConnection(adminUrl, (client) =>
      client.query('DROP SCHEMA platform CASCADE; CREATE SCHEMA platform AUTHORIZATION platform'),
    );
    await withEngine('platform', async (engine) =>
      engine.applyMigrations({ migrationsList: await migrationList('platform'), filters: noFilter }),
    );
    expect(await as('platform', columns)).toEqual(ours);
    const volatile = { id: expect.any(String), started_at: expect.any(Date), finished_at: expect.any(Date) };
    expect(await journal('platform')).toEqual(rows.map((row) => ({ ...row, ...volatile })));
    expect(await migrate({ databaseUrl: adminUrl })).toEqual([]);
  });
});

describe('schema.prisma', () => {
  it.each(serviceNames)('of %s says what its migrations make', async (service) => {
    expect(await pendingChanges(service, adminUrl)).toBeUndefined();
  });
});

type JournalRow = { migration_name: string; finished_at: Date };

const journal = (service: ServiceName) =>
  as<JournalRow>(service, 'SELECT * FROM _prisma_migrations ORDER BY migration_name');

async function withEngine<Result>(
  service: ServiceName,
  work: (engine: Awaited<ReturnType<typeof openSchemaEngine>>) => Promise<Result>,
): Promise<Result> {
  const pool = new pg.Pool({ connectionString: serviceDatabaseUrl(adminUrl, service) });
  try {
    using engine = await openSchemaEngine(service, pool, service);
    return await work(engine);
  } finally {
    await pool.end();
  }
}
