import { errorCode } from './error-code.ts';
import { isTransient, Unavailable } from './faults.ts';
import { badRequest, notFound, Problem, unavailable } from './problem.ts';

const RETRY_AFTER_SECONDS = 1;

/** What Fastify finds wrong with a request before any route sees it, by its code and as the API says it. */
const REFUSALS: Readonly<Record<string, () => Problem>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: () => badRequest('MALFORMED_JSON', 'the body is not valid JSON'),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => badRequest('MALFORMED_JSON', 'the body is empty, but said to be JSON'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () => badRequest('BAD_REQUEST', 'the body is not as long as Content-Length says'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new Problem(415, 'UNSUPPORTED_MEDIA_TYPE', 'the body must be application/json'),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new Problem(413, 'BODY_TOO_LARGE', 'the body is too large'),
  FST_ERR_BAD_URL: () => notFound('the path is not a valid URL'),
  FST_ERR_MAX_PARAM_LENGTH: () => notFound('nothing has so long an id'),
};

/** Any error as the problem that the client sees. What is not the client's doing tells nothing of its inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Unavailable) return unavailable(error.message, RETRY_AFTER_SECONDS, error);
  if (isTransient(error)) return unavailable('the database is away or busy', RETRY_AFTER_SECONDS, error);
  const known = REFUSALS[errorCode(error) ?? ''];
  if (known) return known();
  const status = statusOf(error);
  if (status !== undefined && status >= 400 && status < 500)
    return new Problem(status, 'BAD_REQUEST', 'the request cannot be read', { cause: error });
  return new Problem(500, 'INTERNAL', 'something went wrong in the service; it has been logged', { cause: error });
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : undefined;
