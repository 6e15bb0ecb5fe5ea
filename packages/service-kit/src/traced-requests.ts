import { traceparentOf } from '@saga/messages/traceparent';
import type { FastifyPluginAsync } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import type { OpenSpan, Tracing } from './tracing.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The caller's W3C trace context, or the start of a new trace: to be passed on in every message. */
    traceparent: string;
  }
}

/** Platforms ask these every few seconds: in a trace they would only be in the way. */
const UNTRACED = new Set(['/health/live', '/health/ready', '/metrics']);

const SERVER_ERROR = 500;

const hooks: FastifyPluginAsync<{ tracing: Tracing | undefined }> = async (app, { tracing }) => {
  const spans = new WeakMap<object, OpenSpan>();
  app.decorateRequest('traceparent', '');

  app.addHook('onRequest', (request, _reply, next) => {
    const { traceparent: given } = request.headers;
    const { method, routeOptions } = request;
    request.traceparent = traceparentOf(given);
    if (tracing && !UNTRACED.has(routeOptions.url ?? '')) {
      const parent = request.traceparent === given ? given : undefined;
      const name = routeOptions.url === undefined ? method : `${method} ${routeOptions.url}`;
      const span = tracing.begin('request', name, parent, {
        'http.request.method': method,
        'url.path': pathOf(request.url),
      });
      request.traceparent = span.traceparent;
      spans.set(request, span);
    }
    next();
  });

  if (tracing)
    app.addHook('onResponse', (request, reply, next) => {
      const failure = reply.statusCode >= SERVER_ERROR ? `answered ${reply.statusCode}` : undefined;
      spans.get(request)?.end({ 'http.response.status_code': reply.statusCode }, failure);
      next();
    });
};

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url;

/** Gives every request its trace context and, where traces are sent, a span. */
export const tracedRequests = fastifyPlugin(hooks, { name: 'traced-requests' });
