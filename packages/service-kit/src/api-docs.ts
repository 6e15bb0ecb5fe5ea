import swagger from '@fastify/swagger';
import { type FastifyInstance, type FastifyPluginAsync, fastify } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { notFound, PROBLEM_MEDIA_TYPE, problemBody } from './problem.ts';

const OK = 200;

/**
 * `GET /openapi.json`, made from the zod schemas of the routes that are added after it, and `/docs`, where a person
 * reads it.
 */
const routes: FastifyPluginAsync<{ service: string }> = async (app, { service }) => {
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: service, version: '1' } },
    transform: (route) =>
      jsonSchemaTransform({ ...route, schema: { ...route.schema, response: withProblem(route.schema?.response) } }),
    transformObject: jsonSchemaTransformObject,
  });

  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());

  const reference = lazily(() => referencePages(service));
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/docs/'));
  app.get('/docs/*', { schema: { hide: true } }, async (request, reply) => {
    const page = await (await reference()).inject(request.url);
    if (page.statusCode !== OK) throw notFound('the API reference has no such page');
    return reply
      .header('content-security-policy', REFERENCE_POLICY)
      .type(String(page.headers['content-type']))
      .send(page.rawPayload);
  });
};
export const apiDocs = fastifyPlugin(routes, { name: 'api-docs' });

/** Whatever goes wrong is answered as a problem, on every route. */
const withProblem = (response: unknown): object => ({
  ...(typeof response === 'object' ? response : undefined),
  default: {
    description: 'What went wrong (RFC 9457)',
    content: { [PROBLEM_MEDIA_TYPE]: { schema: problemBody } },
  },
});

/** The page starts its script inline and styles itself; it loads nothing from elsewhere. */
const REFERENCE_POLICY = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "worker-src 'self' blob:",
  "object-src 'none'",
  "frame-ancestors 'self'",
].join(';');

/**
 * An app of its own, made when somebody first opens the page: loading it costs a third of a second and thirty
 * megabytes, which seven services would pay at every start.
 */
async function referencePages(service: string): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const pages = fastify();
  await pages.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      url: '/openapi.json',
      pageTitle: `${service}: API reference`,
      // Whatever would talk to its maker's servers.
      withDefaultFonts: false,
      telemetry: false,
      hideClientButton: true,
      showDeveloperTools: 'never',
      mcp: { disabled: true },
      agent: { disabled: true },
    },
  });
  return pages;
}

function lazily<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
