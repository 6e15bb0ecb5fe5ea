import { applyMigrations } from './apply-migrations.ts';
import { readMigrations } from './migration.ts';
import { prepareDatabase } from './prepare-database.ts';
import { runProgram } from './run-program.ts';
import { type Passwords, passwordsFromEnvironment, serviceDatabaseUrl } from './service-database-url.ts';
import { type ServiceName, serviceNames } from './service-name.ts';

export type MigrateOptions = {
  /** An administrator's: it creates the database, roles and schemas. */
  databaseUrl: string;
  /** Those whose schemas live in this database; all, unless said otherwise. */
  services?: readonly ServiceName[];
  /** See `serviceDatabaseUrl`. */
  passwords?: Passwords;
};

/**
 * Brings a database up to date: what is missing of database, roles, schemas and migrations is added. Safe to run
 * again, and by several at once.
 *
 * @returns the migrations that were applied, as `<service>/<migration>`.
 * @throws Error in one line, for a person.
 */
export async function migrate({
  databaseUrl,
  services = serviceNames,
  passwords = {},
}: MigrateOptions): Promise<string[]> {
  await prepareDatabase({ databaseUrl, services, passwords });
  const applied: string[] = [];
  for (const service of services) {
    const names = await applyMigrations(
      serviceDatabaseUrl(databaseUrl, service, passwords),
      await readMigrations(service),
    );
    applied.push(...names.map((name) => `${service}/${name}`));
  }
  return applied;
}

if (import.meta.main) {
  await runProgram(async () => {
    const databaseUrl = process.env.DATABASE_URL;
    if (!databaseUrl)
      throw new Error("DATABASE_URL is not set: an administrator's postgresql://user:password@host:port/database");
    const applied = await migrate({ databaseUrl, passwords: passwordsFromEnvironment(process.env) });
    for (const migration of applied) console.log(`applied ${migration}`);
    if (applied.length === 0) console.log('every migration was applied already');
  });
}
