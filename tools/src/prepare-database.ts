import pg from 'pg';
import { databaseNameOf, MAINTENANCE_DATABASE, withConnection, withDatabase } from './database-connection.ts';
import { type Passwords, serviceDatabaseUrl } from './service-database-url.ts';
import type { ServiceName } from './service-name.ts';

const id = pg.escapeIdentifier;

/** Ours alone; taken in the maintenance database, since roles and databases belong to the whole server. */
const PREPARATION_LOCK = 7_242_001;
const LOCK_TIMEOUT_MS = 120_000;

export type Preparation = { databaseUrl: string; services: readonly ServiceName[]; passwords: Passwords };

/**
 * Creates what is missing of: the database, a role per service, and its schema. A role can log in to this database
 * and reach its own schema; nobody else can. Existing roles get the password that is given now.
 */
export async function prepareDatabase({ databaseUrl, services, passwords }: Preparation): Promise<void> {
  await withConnection(withDatabase(databaseUrl, MAINTENANCE_DATABASE), async (maintenance) => {
    await maintenance.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    // Held until the connection ends: two at once would create the same role.
    await maintenance.query('SELECT pg_advisory_lock($1)', [PREPARATION_LOCK]);
    await createDatabase(maintenance, databaseNameOf(databaseUrl));
    await withConnection(databaseUrl, async (admin) => {
      for (const service of services) {
        await createRole(admin, service, new URL(serviceDatabaseUrl(databaseUrl, service, passwords)).password);
        await createSchema(admin, service);
      }
      await restrictDatabase(admin, services);
    });
  });
}

async function createDatabase(maintenance: pg.Client, name: string): Promise<void> {
  const { rowCount } = await maintenance.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) await maintenance.query(`CREATE DATABASE ${id(name)}`);
}

async function createRole(admin: pg.Client, service: ServiceName, password: string): Promise<void> {
  const { rowCount } = await admin.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [service]);
  if (rowCount === 0) await admin.query(`CREATE ROLE ${id(service)}`);
  await admin.query(`ALTER ROLE ${id(service)} LOGIN PASSWORD ${pg.escapeLiteral(decodeURIComponent(password))}`);
}

/** An administrator who is no superuser has to be a member of a role to give it a schema. */
const IS_MEMBER = `SELECT pg_has_role(current_user, $1, 'USAGE') AS "isMember"`;

async function createSchema(admin: pg.Client, service: ServiceName): Promise<void> {
  const membership = await admin.query<{ isMember: boolean }>(IS_MEMBER, [service]);
  if (!membership.rows[0]?.isMember) await admin.query(`GRANT ${id(service)} TO CURRENT_USER`);
  await admin.query(`CREATE SCHEMA IF NOT EXISTS ${id(service)} AUTHORIZATION ${id(service)}`);
  await admin.query(`REVOKE ALL ON SCHEMA ${id(service)} FROM PUBLIC`);
}

/**
 * What belongs to a database itself, and is therefore not copied with it (`CREATE DATABASE … TEMPLATE …`): who may
 * connect, and in which schema a role looks for its tables.
 */
export async function restrictDatabase(admin: pg.Client, services: readonly ServiceName[]): Promise<void> {
  const { rows } = await admin.query<{ name: string }>('SELECT current_database() AS name');
  const database = id(rows[0]?.name ?? '');
  await admin.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
  await admin.query('REVOKE ALL ON SCHEMA public FROM PUBLIC');
  for (const service of services) {
    await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${id(service)}`);
    await admin.query(`ALTER ROLE ${id(service)} IN DATABASE ${database} SET search_path TO ${id(service)}`);
  }
}
