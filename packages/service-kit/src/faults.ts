import { z } from 'zod';

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

/** Prisma's driver adapter names these and keeps no code. */
const TRANSIENT_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections']);

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
      code.startsWith(CONNECTION_EXCEPTION_CLASS) ||
      TRANSIENT_SQLSTATES.has(code) ||
      TRANSIENT_SYSTEM_CODES.has(code) ||
      TRANSIENT_KINDS.has(code)
    );
  return error instanceof Error && TRANSIENT_MESSAGES.some((pattern) => pattern.test(error.message));
}

/** Another replica wrote the same row first: what it wrote can be seen by loading afresh (trap 25). */
export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === UNIQUE_VIOLATION;

/** What happened, for a log line: of several attempts (one for each address of a host) what each met. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') return error.errors.map(messageOf).join(', ');
  // Prisma tells first, over several lines, where it was called; the last line says what the database said.
  return error.name.startsWith('PrismaClient')
    ? error.message.slice(error.message.lastIndexOf('\n') + 1)
    : error.message;
}
