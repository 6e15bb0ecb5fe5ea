import { createHttpApp } from '@saga/service-kit/http-app';
import { createMetrics } from '@saga/service-kit/metrics';
import pino from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { eventRoutes } from './event-routes.ts';

const AWAY = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

test('who comes back while the database is away is believed: refused, it would not come again', async () => {
  const app = await createHttpApp({
    service: 'orchestrator',
    logger: pino({ level: 'silent' }),
    metrics: createMetrics('orchestrator', () => 0),
    readiness: async () => ({ missing: [] }),
  });
  onTestFinished(() => app.close());
  eventRoutes(app, { after: () => Promise.reject(AWAY), now: () => Promise.reject(AWAY) });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const seen = '7.1.0190a8c0-0000-7000-8000-000000000000';
  const client = new AbortController();
  const response = await fetch(`${url}/events`, { headers: { 'last-event-id': seen }, signal: client.signal });
  expect(response.status).toBe(200);
  const first = await response.body?.pipeThrough(new TextDecoderStream()).getReader().read();
  expect(first?.value).toContain(`id: ${seen}\n`);
  client.abort();
});
