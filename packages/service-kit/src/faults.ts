/**
 * Faults worth repeating, listed by code and never by default: everything else is a bug or a bad message.
 * PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const TRANSIENT_SQLSTATES = new Set([
  '40001', // serialization_failure (trap 13)
  '40P01', // deadlock_detected (trap 13)
  '55P03', // lock_not_available
  '57014', // query_canceled: a statement timeout, or an administrator
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '53300', // too_many_connections
  '53100', // disk_full
  '25006', // read_only_sql_transaction: a failover is under way
]);
const CONNECTION_EXCEPTION_CLASS = '08';
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

const UNIQUE_VIOLATION = '23505';

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;

/** The service may do this itself (an unknown definition version): it is worth waiting for. */
export class Unavailable extends Error {
  override name = 'Unavailable';
}

/** The same work may succeed later, unchanged: the database is away, or two transactions were in each other's way. */
export function isTransient(error: unknown): boolean {
  if (error instanceof Unavailable) return true;
  if (error instanceof AggregateError) return error.errors.some(isTransient);
  const code = codeOf(error);
  if (code !== undefined)
    return (
      code.startsWith(CONNECTION_EXCEPTION_CLASS) || TRANSIENT_SQLSTATES.has(code) || TRANSIENT_SYSTEM_CODES.has(code)
    );
  return error instanceof Error && TRANSIENT_MESSAGES.some((pattern) => pattern.test(error.message));
}

/** Another replica wrote the same row first: what it wrote can be seen by loading afresh (trap 25). */
export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === UNIQUE_VIOLATION;

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
