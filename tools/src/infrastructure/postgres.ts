import { dockerIsReachable } from './docker.ts';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { POSTGRES_SETTINGS } from './postgres-settings.ts';
import { throwawayFolder } from './throwaway-folder.ts';

export type StartPostgresOptions = {
  /**
   * Where its data are kept from one start to the next. Without it they are gone after `stop`; then, where Docker is
   * reachable, a container does it.
   */
  dataDir?: string;
  /** Any free one, unless said otherwise. */
  port?: number;
  /** The database that the URL names; it is not created here. */
  database?: string;
  env?: NodeJS.ProcessEnv;
  /** Told what a person should know, a line at a time. */
  say?: (line: string) => void;
};

/** `pid` is known of a server that was started here and is no container. */
export type Postgres = { url: string; pid?: number; stop(): Promise<void> };

const IMAGE = 'postgres:18-alpine';

/**
 * A PostgreSQL to work with and an administrator's URL of it: that of `DATABASE_URL` where it is given, else one that
 * is started.
 *
 * @throws Error in one line that says how to get one.
 */
export async function startPostgres(options: StartPostgresOptions = {}): Promise<Postgres> {
  const { dataDir, port, database = 'saga', env = process.env, say = console.error } = options;
  if (env.DATABASE_URL) return { url: env.DATABASE_URL, stop: async () => undefined };
  if (dataDir !== undefined) return startEmbeddedPostgres({ dataDir, port, database, say });
  if (await dockerIsReachable()) return startContainer(database);
  const folder = await throwawayFolder('postgres', removeEmbeddedPostgres);
  const postgres = await startEmbeddedPostgres({ dataDir: folder, port, database, say });
  return {
    ...postgres,
    stop: async () => {
      await postgres.stop();
      await removeEmbeddedPostgres(folder);
    },
  };
}

async function startContainer(database: string): Promise<Postgres> {
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql');
  const container = await new PostgreSqlContainer(IMAGE)
    .withUsername('postgres')
    .withDatabase(database)
    .withCommand(POSTGRES_SETTINGS.flatMap((setting) => ['-c', setting]))
    .start();
  return { url: container.getConnectionUri(), stop: async () => void (await container.stop()) };
}
