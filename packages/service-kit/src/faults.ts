import { z } from 'zod';

/**
 * Faults worth repeating, listed by code and never by default: everything else is a bug or a bad message.
 * PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TRANSIENT_SQLSTATES = new Set([
  '40001', // serialization_failure (trap 13)
  '40P01', // deadlock_detected (trap 13)
  '55P03', // lock_not_available
  '25006', // read_only_sql_transaction: a failover is under way
  '25P03', // idle_in_transaction_session_timeout: the process stood still for too long
  '25P04', // transaction_timeout
  '26000', // invalid_sql_statement_name: a connection that no longer knows what was prepared on it; it is closed
  '0A000', // feature_not_supported: a prepared statement's result type was changed by a migration; likewise
]);
/**
 * What no message can have caused: statements are constant, so that one which is refused as such (class 42) is refused
 * for every message alike. As dead letters and `failed` facts they would undo every order in flight.
 */
const TRANSIENT_CLASSES = new Set([
  '08', // connection_exception
  '28', // invalid_authorization: the password was changed
  '3D', // invalid_catalog_name: no such database
  '3F', // invalid_schema_name
  '42', // a missing table, column or right: migrations or grants are behind
  '53', // insufficient_resources: disk, memory, connections
  '57', // operator_intervention: shut down, starting, a statement canceled
  '58', // system_error: input and output
  'XX', // internal_error: a corrupted index or table
]);
/** What a person has to do: these do not pass by themselves. The first that fits; 42501 is of class 42. */
const REMEDIES = [
  ['28', 'make DATABASE_URL and the role agree on name and password, and let pg_hba.conf let it in'],
  ['3D', 'create the database: pnpm migrate'],
  ['3F', 'apply the migrations: pnpm migrate'],
  ['42501', "grant the service's role what it lacks"],
  ['42', 'apply the migrations: pnpm migrate'],
  ['XX', "look into PostgreSQL's log: an index may have to be rebuilt (REINDEX), or a table restored"],
] as const;
const TRANSIENT_SYSTEM_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** pg raises these without a code. */
const TRANSIENT_MESSAGES = [
  /^Connection terminated/,
  /^timeout exceeded when trying to connect/,
  /^Query read timeout/,
  /^Client has encountered a connection error/,
  /^Client was closed and is not queryable/,
];

/** Prisma's driver adapter names these and keeps no code. */
const TRANSIENT_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TlsConnectionError']);

const SQLSTATE = /^[0-9A-Z]{5}$/;
const UNIQUE_VIOLATION = '23505';

/** What the database or the driver said, also where Prisma stands between: its own codes tell less. */
function codeOf(error: unknown): string | undefined {
  const { data } = prismaError.safeParse(error);
  if (data) return data.meta.driverAdapterError.cause.originalCode ?? data.meta.driverAdapterError.cause.kind;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const prismaError = z.object({
  meta: z.object({
    driverAdapterError: z.object({ cause: z.object({ originalCode: z.string().optional(), kind: z.string() }) }),
  }),
});

/**
 * Something that the service needs is not there yet or now (a connection, a definition's version): worth waiting for.
 * Clients may read its message; what is only for the log (addresses, users) is its cause.
 */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/**
 * The same work may succeed later, unchanged: the database is away or not as it should be, or two transactions were in
 * each other's way.
 */
export function isTransient(error: unknown): boolean {
  if (error instanceof Unavailable) return true;
  if (error instanceof AggregateError) return error.errors.some(isTransient);
  const code = codeOf(error);
  if (code !== undefined)
    return (
      TRANSIENT_SQLSTATES.has(code) ||
      (SQLSTATE.test(code) && TRANSIENT_CLASSES.has(code.slice(0, 2))) ||
      TRANSIENT_SYSTEM_CODES.has(code) ||
      TRANSIENT_KINDS.has(code)
    );
  return error instanceof Error && TRANSIENT_MESSAGES.some((pattern) => pattern.test(error.message));
}

/** What a person has to do so that a transient fault passes; undefined where it passes by itself. */
export function remedyOf(error: unknown): string | undefined {
  const code = codeOf(error instanceof Unavailable ? error.cause : error);
  if (code === undefined || !SQLSTATE.test(code)) return undefined;
  return REMEDIES.find(([beginning]) => code.startsWith(beginning))?.[1];
}

/** Another replica wrote the same row first: what it wrote can be seen by loading afresh (trap 25). */
export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === UNIQUE_VIOLATION;

/** What happened, for a log line: of several attempts (one for each address of a host) what each met. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  if (error instanceof Unavailable && error.cause !== undefined) return `${error.message}: ${messageOf(error.cause)}`;
  // Prisma tells first, over several lines, where it was called; the last line says what the database said.
  return error.name.startsWith('PrismaClient')
    ? error.message.slice(error.message.lastIndexOf('\n') + 1)
    : error.message;
}
