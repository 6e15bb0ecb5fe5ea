import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Metrics } from './metrics.ts';
import { unavailable } from './problem.ts';

export type ReadinessReport = {
  /** Why the service cannot do its work now, a sentence each; none when it can. */
  missing: readonly string[];
  /** What it does not do though it is ready: worth knowing, but no reason to send its traffic elsewhere. */
  heldBack?: string | undefined;
};
export type Readiness = () => Promise<ReadinessReport>;

const RETRY_AFTER_SECONDS = 1;

const tags = ['operation'];

/** What a platform asks: does the process live, can it do its work, how is it doing. */
export const healthRoutes: FastifyPluginAsyncZod<{ metrics: Metrics; readiness: Readiness }> = async (
  app,
  { metrics: { registry }, readiness },
) => {
  app.get(
    '/health/live',
    { schema: { tags, summary: 'The process lives', response: { 200: z.object({ status: z.literal('live') }) } } },
    async () => ({ status: 'live' as const }),
  );

  app.get(
    '/health/ready',
    {
      schema: {
        tags,
        summary: 'The service can do its work, but for what it says it holds back; 503 says what is missing',
        response: { 200: z.object({ status: z.literal('ready'), heldBack: z.string().optional() }) },
      },
    },
    async () => {
      const { missing, heldBack } = await readiness();
      if (missing.length > 0) throw unavailable(missing.join('; '), RETRY_AFTER_SECONDS);
      return { status: 'ready' as const, heldBack };
    },
  );

  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    reply.type(registry.contentType);
    return registry.metrics();
  });
};
