import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
  type RawServerDefault,
} from 'fastify';
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Logger } from 'pino';
import { z } from 'zod';
import { allowedMethods } from './allowed-methods.ts';
import { apiDocs } from './api-docs.ts';
import { messageOf } from './faults.ts';
import { healthRoutes, type Readiness } from './health-routes.ts';
import type { Metrics } from './metrics.ts';
import { methodNotAllowed, notFound, PROBLEM_MEDIA_TYPE, Problem } from './problem.ts';
import { problemOf } from './problem-of.ts';
import { requestValidator } from './request-validator.ts';
import { securityHeaders } from './security-headers.ts';
import { tracedRequests } from './traced-requests.ts';
import type { Tracing } from './tracing.ts';

/** A hundred items and a long address are some ten kilobytes. */
const BODY_LIMIT_BYTES = 64 * 1024;
const HEADERS_LIMIT_BYTES = 16 * 1024;
const LONGEST_PARAMETER = 256;
/** To receive a request in full; without it they wait for ever. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Node swaps the two when this one is the longer, as it is by default. */
const HEADERS_TIMEOUT_MS = 5_000;
/** By default Node looks for what takes too long every half minute only. */
const TIMEOUT_CHECK_EVERY_MS = 2_000;
/** A socket on which nothing moves ends without an answer: longer than any route may take. */
export const CONNECTION_TIMEOUT_MS = 60_000;
/** Longer than load balancers keep an idle connection (60 s), so that they close it first and no request is lost. */
const KEEP_ALIVE_TIMEOUT_MS = 72_000;

export type HttpApp = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypeProvider
>;

export type HttpAppOptions = {
  service: string;
  logger: Logger;
  metrics: Metrics;
  readiness: Readiness;
  tracing?: Tracing | undefined;
};

/**
 * The HTTP side that all services share: limits and timeouts, zod schemas, errors as RFC 9457 problems, security
 * headers, health, metrics and the API reference. Routes are added to what it returns.
 */
export async function createHttpApp(options: HttpAppOptions): Promise<HttpApp> {
  const { service, logger, metrics, readiness, tracing } = options;
  const app: HttpApp = fastify({
    loggerInstance: logger as FastifyBaseLogger,
    // A line per request and a child logger for each would cost more than the request: errors are logged below.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (parent) => parent,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    http: {
      maxHeaderSize: HEADERS_LIMIT_BYTES,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_EVERY_MS,
    },
    // What arrives while it closes is still answered, on a connection that then ends.
    return503OnClosing: false,
    frameworkErrors: answerError,
    clientErrorHandler: refuseUnreadable,
  }).withTypeProvider<ZodTypeProvider>();

  app.setValidatorCompiler(requestValidator);
  app.setSerializerCompiler(serializerCompiler);
  app.removeContentTypeParser('text/plain');
  app.setErrorHandler(answerError);
  const methodsOf = allowedMethods(app);
  app.setNotFoundHandler(({ method, url }, reply) => {
    const path = pathOf(url);
    const allowed = methodsOf(path);
    answer(reply, allowed.length > 0 ? methodNotAllowed(path, allowed) : notFound(`there is no ${method} ${path}`));
  });

  endConnectionsOnClose(app);
  const secure = securityHeaders();
  app.addHook('onRequest', (_request, reply, next) => {
    reply.headers(secure);
    next();
  });
  app.addHook('onResponse', (request, reply, next) => {
    const route = request.routeOptions.url ?? 'none';
    metrics.httpRequest(request.method, route, reply.statusCode, reply.elapsedTime / 1_000);
    next();
  });

  await app.register(tracedRequests, { tracing });
  await app.register(apiDocs, { service });
  await app.register(healthRoutes, { metrics, readiness });
  refuseUnknownParameters(app);
  return app;
}

/**
 * A route that names no query parameters takes none: what a misspelt one was to choose would silently be something else.
 * Of the routes that are added after it; what a platform asks of health and metrics is not looked at.
 */
function refuseUnknownParameters(app: HttpApp): void {
  const none = z.strictObject({});
  app.addHook('onRoute', (route) => {
    route.schema = { querystring: none, ...route.schema };
  });
}

/** Who is answered while the service stops is told to come back on another connection: a kept one would hold it up. */
function endConnectionsOnClose(app: HttpApp): void {
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onSend', (_request, reply, payload, next) => {
    if (closing) reply.header('connection', 'close');
    next(null, payload);
  });
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  // A problem that a route threw is an answer, expected; what became one only here is a fault.
  if (problem !== error && problem.status >= 500) {
    const at = { method: request.method, route: request.routeOptions.url, traceparent: request.traceparent };
    if (problem.status === 500) request.log.error({ ...at, err: error }, 'request failed');
    else request.log.warn({ ...at, error: messageOf(error) }, 'request failed: the client may try again');
  }
  answer(reply, problem);
}

function answer(reply: FastifyReply, problem: Problem): void {
  // As bytes: no route's response schema gets at it, and no charset is added to a media type that knows none.
  const body = Buffer.from(JSON.stringify(problem.body()));
  reply.code(problem.status).headers(problem.headers).type(PROBLEM_MEDIA_TYPE).send(body);
}

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;

/** What is not even HTTP, too much of it, or too slow: there is no request yet, only a socket. */
function refuseUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const problem = UNREADABLE[error.code ?? ''] ?? new Problem(400, 'BAD_REQUEST', 'this is not an HTTP request');
  const body = JSON.stringify(problem.body());
  if (socket.writable)
    socket.write(
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\nConnection: close\r\n` +
        `Content-Type: ${PROBLEM_MEDIA_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    );
  socket.destroy(error);
}

const UNREADABLE: Readonly<Record<string, Problem>> = {
  ERR_HTTP_REQUEST_TIMEOUT: new Problem(408, 'REQUEST_TIMEOUT', 'the request did not arrive in time'),
  HPE_HEADER_OVERFLOW: new Problem(431, 'HEADERS_TOO_LARGE', 'the headers are too large'),
};
