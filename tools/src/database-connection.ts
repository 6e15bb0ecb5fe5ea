import pg from 'pg';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Runs the work on a connection of its own, which is closed whatever happens.
 *
 * @throws Error that names the server, when it cannot be reached or does not let us in.
 */
export async function withConnection<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  // A connection that the server cuts rejects the query at hand; without a listener it would also end the process.
  client.on('error', () => undefined);
  await client.connect().catch((error: Error) => {
    throw new Error(`the database ${hostAndName(url)} cannot be reached: ${reasonOf(error)}`, { cause: error });
  });
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function hostAndName(url: string): string {
  const { host, pathname } = new URL(url);
  return host + pathname;
}

/** A name with several addresses fails with an error for each, and no message of its own. */
const reasonOf = (error: Error): string =>
  error instanceof AggregateError ? error.errors.map(String).join(', ') : error.message;

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

/** @throws Error when the URL names none. */
export function databaseNameOf(url: string): string {
  const name = decodeURIComponent(new URL(url).pathname.slice(1));
  if (name === '') throw new Error('DATABASE_URL names no database: postgresql://user:password@host:port/database');
  return name;
}

/** Every server has it: where one connects to create another database. */
export const MAINTENANCE_DATABASE = 'postgres';
