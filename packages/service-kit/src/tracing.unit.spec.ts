import { createServer, type Server } from 'node:http';
import type { ReceivedMessage } from '@saga/messages/codec';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createHttpApp } from './http-app.ts';
import { createMetrics } from './metrics.ts';
import { tracedBatches } from './traced-batches.ts';
import { createTracing, type Tracing } from './tracing.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${CALLER}-01`;

type SentSpan = { name: string; traceId: string; spanId: string; parentSpanId?: string; status: { message?: string } };

const logger = pino({ level: 'silent' });

/** Stands for an OpenTelemetry collector. */
let collector: Server;
let sent: SentSpan[];
let paths: Set<string | undefined>;
let tracing: Tracing;

beforeEach(async () => {
  sent = [];
  paths = new Set();
  collector = createServer(async (request, response) => {
    paths.add(request.url);
    const chunks = await request.toArray();
    for (const { scopeSpans } of JSON.parse(Buffer.concat(chunks).toString()).resourceSpans)
      for (const { spans } of scopeSpans) sent.push(...spans);
    response.setHeader('content-type', 'application/json').end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const address = collector.address();
  tracing = await createTracing(
    'shop',
    `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`,
    logger,
  );
});
afterEach(() => collector.close());

async function traces(headers: Record<string, string>): Promise<string> {
  const app = await createHttpApp({
    service: 'shop',
    logger,
    metrics: createMetrics('shop', () => 0),
    readiness: async () => ({ missing: [] }),
    tracing,
  });
  const querystring = z.strictObject({ secret: z.string() });
  app.post('/orders', { schema: { querystring } }, async (request) => request.traceparent);
  await app.inject('/health/live');
  const { body } = await app.inject({ method: 'POST', url: '/orders?secret=1', headers });
  await app.close();
  await tracing.stop();
  expect(paths).toEqual(new Set(['/v1/traces']));
  return body;
}

describe('a request', () => {
  it("is a span below the caller's, and what follows from it hangs below that", async () => {
    const passedOn = await traces({ traceparent: TRACEPARENT });
    expect(sent).toMatchObject([{ name: 'POST /orders', traceId: TRACE, parentSpanId: CALLER }]);
    expect(passedOn).toBe(`00-${TRACE}-${sent[0]?.spanId}-01`);
    expect(JSON.stringify(sent)).not.toContain('secret');
  });

  it('is the first span of its trace where the caller has none', async () => {
    const passedOn = await traces({});
    expect(passedOn).toBe(`00-${sent[0]?.traceId}-${sent[0]?.spanId}-01`);
    expect(sent[0]?.parentSpanId).toBeUndefined();
  });
});

describe('a message', () => {
  const received = { topic: 'order-created', partition: 3, offset: '7', key: 's1', value: null };
  const batch: ReceivedMessage[] = [
    { ...received, headers: { traceparent: TRACEPARENT } },
    { ...received, headers: {} },
  ];

  it('is a span of the trace that it carries', async () => {
    await tracedBatches(async () => [], tracing)(batch);
    await tracing.stop();
    expect(sent.map((span) => span.name)).toEqual(['handle order-created', 'handle order-created']);
    expect(sent[0]).toMatchObject({ traceId: TRACE, parentSpanId: CALLER });
    expect(JSON.stringify(sent[0])).toContain('"saga.id","value":{"stringValue":"s1"}');
  });

  it('shows why its batch was given back', async () => {
    const rejecting = tracedBatches(() => Promise.reject(new Error('it stops')), tracing);
    await expect(rejecting(batch)).rejects.toThrow('it stops');
    await tracing.stop();
    expect(sent.map((span) => span.status.message)).toEqual(['it stops', 'it stops']);
  });
});

describe('a collector that is away', () => {
  it('holds up neither work nor the stop', async () => {
    let attempts = 0;
    collector.on('connection', (socket) => {
      attempts += 1;
      socket.destroy();
    });
    tracing.begin('message', 'handle order-created', TRACEPARENT, {}).end({});
    await expect.poll(() => attempts).toBeGreaterThan(0);
    tracing.begin('message', 'handle order-created', TRACEPARENT, {}).end({});
    await tracing.stop();
    expect(sent).toEqual([]);
  });
});
