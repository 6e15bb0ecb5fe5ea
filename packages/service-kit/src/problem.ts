import { STATUS_CODES } from 'node:http';
import { z } from 'zod';

/** One thing that is wrong with a request: where (a JSON pointer), what (for programs), and in words (for people). */
const fieldError = z.object({ pointer: z.string(), code: z.string(), message: z.string() });
export type FieldError = z.infer<typeof fieldError>;

/** What every error looks like: RFC 9457, with a stable code. */
export const problemBody = z
  .looseObject({
    type: z.string().describe('about:blank: the status and the code say it all'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable: programs may rely on it'),
    detail: z.string().describe('A sentence for people'),
    errors: z.array(fieldError).optional().describe('Every field that is wrong'),
  })
  .meta({ id: 'Problem' });
type ProblemBody = z.infer<typeof problemBody>;

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

type ProblemOptions = {
  errors?: readonly FieldError[];
  headers?: Readonly<Record<string, string>>;
  /** Further members of the body, as RFC 9457 allows. */
  extensions?: Readonly<Record<string, unknown>>;
  cause?: unknown;
};

/** Thrown by a route, answered as `application/problem+json`. */
export class Problem extends Error {
  override name = 'Problem';
  readonly status: number;
  readonly code: string;
  readonly errors: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, detail: string, options: ProblemOptions = {}) {
    super(detail, { cause: options.cause });
    this.status = status;
    this.code = code;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
    this.extensions = options.extensions ?? {};
  }

  body(): ProblemBody {
    return {
      type: 'about:blank',
      title: STATUS_CODES[this.status] ?? 'Error',
      status: this.status,
      code: this.code,
      detail: this.message,
      ...(this.errors && { errors: [...this.errors] }),
      ...this.extensions,
    };
  }
}

export const badRequest = (code: string, detail: string, errors?: readonly FieldError[]): Problem =>
  new Problem(400, code, detail, { errors });

export const notFound = (detail: string): Problem => new Problem(404, 'NOT_FOUND', detail);

export const methodNotAllowed = (path: string, allowed: readonly string[]): Problem =>
  new Problem(405, 'METHOD_NOT_ALLOWED', `${path} takes ${allowed.join(', ')}`, {
    headers: { allow: allowed.join(', ') },
  });

export const conflict = (code: string, detail: string): Problem => new Problem(409, code, detail);

/** The body is well-formed but says what cannot be: every fault at once. */
export const unprocessable = (errors: readonly FieldError[]): Problem =>
  new Problem(
    422,
    'INVALID_REQUEST',
    `the request has ${errors.length === 1 ? 'a fault' : `${errors.length} faults`}: ${inWords(errors)}`,
    { errors },
  );

/** It may work in a moment, unchanged. */
export const unavailable = (detail: string, retryAfterSeconds: number, cause?: unknown): Problem =>
  new Problem(503, 'UNAVAILABLE', detail, { headers: { 'retry-after': String(retryAfterSeconds) }, cause });

const MAX_FAULTS_IN_WORDS = 3;

export const inWords = (errors: readonly FieldError[]): string =>
  errors
    .slice(0, MAX_FAULTS_IN_WORDS)
    .map(({ pointer, message }) => (pointer === '' ? message : `${pointer} ${message}`))
    .concat(errors.length > MAX_FAULTS_IN_WORDS ? ['…'] : [])
    .join('; ');
