import { randomBytes } from 'node:crypto';
import { MAINTENANCE_DATABASE, withConnection, withDatabase } from '@saga/tools/database-connection';
import { migrate } from '@saga/tools/migrate';
import { restrictDatabase } from '@saga/tools/prepare-database';
import { serviceDatabaseUrl } from '@saga/tools/service-database-url';
import { type ServiceName, serviceNames } from '@saga/tools/service-name';
import pg from 'pg';

const id = pg.escapeIdentifier;

/** Names the migrated database that the others of a run are copies of. */
export const TEMPLATE_VARIABLE = 'TEST_DATABASE_TEMPLATE';

/** A migrated database without any rows. */
export type TestDatabase = {
  adminUrl: string;
  /** As that service logs in. */
  url(service: ServiceName): string;
  /** Also while there are connections to it. What is not dropped is dropped at the end of the run. */
  drop(): Promise<void>;
};

/** A new database for one test file, in a fraction of the time that its migrations take. */
export async function createTestDatabase(env: NodeJS.ProcessEnv = process.env): Promise<TestDatabase> {
  const { DATABASE_URL: serverUrl, [TEMPLATE_VARIABLE]: template } = env;
  if (!serverUrl || !template) throw new Error('this test needs the global setup @saga/testkit/infrastructure');
  const name = `${template}_${randomBytes(4).toString('hex')}`;
  const adminUrl = withDatabase(serverUrl, name);
  await maintaining(serverUrl, (client) => client.query(`CREATE DATABASE ${id(name)} TEMPLATE ${id(template)}`));
  await withConnection(adminUrl, (admin) => restrictDatabase(admin, serviceNames));
  return {
    adminUrl,
    url: (service) => serviceDatabaseUrl(adminUrl, service),
    drop: () => dropDatabase(serverUrl, name),
  };
}

/** The URL of a service in a new database of its own. */
export async function testDatabase(service: ServiceName): Promise<string> {
  return (await createTestDatabase()).url(service);
}

/** @returns the name of the database that `createTestDatabase` copies. */
export async function makeTemplate(serverUrl: string): Promise<string> {
  const template = `test_${randomBytes(4).toString('hex')}`;
  await migrate({ databaseUrl: withDatabase(serverUrl, template) });
  return template;
}

/** Removes the template and all copies of it: the server may be one that stays. */
export async function dropTestDatabases(serverUrl: string, template: string): Promise<void> {
  const { rows } = await maintaining(serverUrl, (client) =>
    client.query<{ name: string }>('SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)', [
      template,
    ]),
  );
  for (const { name } of rows) await dropDatabase(serverUrl, name);
}

const dropDatabase = (serverUrl: string, name: string) =>
  maintaining(
    serverUrl,
    async (client) => void (await client.query(`DROP DATABASE IF EXISTS ${id(name)} WITH (FORCE)`)),
  );

const maintaining = <Result>(serverUrl: string, work: (client: pg.Client) => Promise<Result>) =>
  withConnection(withDatabase(serverUrl, MAINTENANCE_DATABASE), work);
