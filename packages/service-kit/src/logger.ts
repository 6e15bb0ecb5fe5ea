import { type DestinationStream, destination, type Logger, pino } from 'pino';

/** Lines are written when this much has gathered, or after a moment: a write per line costs more than the line. */
const BUFFER_BYTES = 8_192;
const FLUSH_EVERY_MS = 100;

export type LoggerOptions = {
  service: string;
  level: string;
  /** Values that are blotted out wherever they stand in a line. */
  secrets: readonly string[];
};

let shared: DestinationStream | undefined;

/**
 * Standard output, buffered; what is left is written when the process exits. One for all services of a process: two
 * that write to it would tear each other's lines.
 */
function standardOutput(): DestinationStream {
  shared ??= destination({ fd: 1, sync: false, minLength: BUFFER_BYTES, periodicFlush: FLUSH_EVERY_MS });
  return shared;
}

/**
 * JSON lines, each with its service; what belongs to a saga carries its id as `sagaId`, so that one order can be
 * followed through every service's log.
 */
export const createLogger = ({ service, level, secrets }: LoggerOptions, to = standardOutput()): Logger =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: HEADERS, censor: BLOT },
      hooks: { streamWrite: blotOut(secrets) },
    },
    to,
  );

const BLOT = '[redacted]';
const HEADERS = ['authorization', 'headers.authorization', 'req.headers.authorization'];
const PASSWORD_IN_URL = /(:\/\/[^\s:/@"]*:)[^\s@"]+@/g;

/** Secrets are looked for in the finished line: an error's message or a library's own field may hold one too. */
function blotOut(secrets: readonly string[]): (line: string) => string {
  const written = secrets.filter((secret) => secret !== '').map((secret) => JSON.stringify(secret).slice(1, -1));
  return (line) => {
    const withoutPasswords = line.includes('://') ? line.replace(PASSWORD_IN_URL, `$1${BLOT}@`) : line;
    return written.reduce((left, secret) => left.replaceAll(secret, BLOT), withoutPasswords);
  };
}
