import { connect } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Unavailable } from './faults.ts';
import { createHttpApp, type HttpApp } from './http-app.ts';
import { createMetrics } from './metrics.ts';
import { conflict, notFound, unprocessable } from './problem.ts';

const MAX_QUANTITY = 1_000_000_000;
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

let app: HttpApp;
let logged: string[];
let missing: string[];
let heldBack: string | undefined;

beforeEach(async () => {
  logged = [];
  missing = [];
  heldBack = undefined;
  app = await createHttpApp({
    service: 'shop',
    logger: pino({}, { write: (line: string) => logged.push(line) }),
    metrics: createMetrics('shop', () => 7),
    readiness: async () => ({ missing, heldBack }),
  });
  const item = z.strictObject({ productId: z.int().min(1), quantity: z.int().min(1).max(MAX_QUANTITY) });
  const order = z.strictObject({ userId: z.int().min(1), items: z.array(item).min(1), note: z.string().optional() });
  app.post('/orders', { schema: { body: order } }, async (request) => ({ trace: request.traceparent }));
  app.get('/orders/:orderId', { schema: { params: z.object({ orderId: z.guid() }) } }, async () => {
    throw notFound('there is no such order');
  });
  app.get('/orders', { schema: { querystring: z.object({ limit: z.coerce.number().max(200) }) } }, async () => []);
  app.post('/cancel', { schema: { body: z.strictObject({ reason: z.string() }).optional() } }, async () => ({}));
  app.post('/conflict', async () => {
    throw conflict('DUPLICATE', 'it exists');
  });
  app.get('/bug', async () => {
    throw new TypeError('secret inside');
  });
  app.get('/away', async () => {
    throw Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' });
  });
  app.get('/kafka-away', async () => {
    const cause = new Error('connect ECONNREFUSED 10.0.0.2:9092');
    throw new Unavailable('Kafka did not hand over the message', { cause });
  });
  app.get('/declared', { schema: { response: { 422: z.object({ never: z.string() }) } } }, async () => {
    throw unprocessable([{ pointer: '/price', code: 'PRICE_CHANGED', message: 'is not the catalogue price' }]);
  });
});
afterEach(() => app.close());

const post = (payload: string | object, headers: Record<string, string> = {}) =>
  app.inject({ method: 'POST', url: '/orders', payload, headers: { 'content-type': 'application/json', ...headers } });

const faults = async (payload: string | object): Promise<string[]> => {
  const response = await post(payload);
  expect(response.statusCode).toBe(422);
  expect(response.headers['content-type']).toBe('application/problem+json');
  return response.json().errors.map((each: { pointer: string; code: string }) => `${each.pointer} ${each.code}`);
};

describe('a body that is not as it should be', () => {
  it('is answered with every faulty field', async () => {
    expect(
      await faults({
        userId: 'one',
        items: [
          { productId: 1, quantity: -1 },
          { productId: 1.5, quantity: 2, colour: 'red' },
        ],
        'a/b~c': 1,
      }),
    ).toEqual([
      '/userId INVALID_TYPE',
      '/items/0/quantity TOO_SMALL',
      '/items/1/productId INVALID_TYPE',
      '/items/1/colour UNKNOWN_FIELD',
      '/a~1b~0c UNKNOWN_FIELD',
    ]);
  });

  it('is told what is missing', async () => {
    expect(await faults({})).toEqual(['/userId REQUIRED', '/items REQUIRED']);
    expect(await faults('[]')).toEqual([' INVALID_TYPE']);
    expect(await faults('null')).toEqual([' REQUIRED']);
  });

  it.each(['1e18', '1000000000000000000', '9007199254740993'])('is refused the number %s', async (number) => {
    expect(await faults(`{"userId":${number},"items":[{"productId":1,"quantity":${number}}]}`)).toEqual([
      '/userId TOO_BIG',
      '/items/0/quantity TOO_BIG',
    ]);
  });

  it.each(['"a\\u0000b"', '"\\ud800"'])('is refused the text %s, which no database holds', async (note) => {
    expect(await faults(`{"userId":1,"items":[{"productId":1,"quantity":1}],"note":${note}}`)).toEqual([
      '/note UNSTORABLE_TEXT',
    ]);
  });

  it('is answered for people too', async () => {
    const { title, status, code, detail } = (await post({ items: [] })).json();
    expect({ title, status, code }).toEqual({ title: 'Unprocessable Entity', status: 422, code: 'INVALID_REQUEST' });
    expect(detail).toMatch(/^the request has 2 faults: \/userId is required; \/items /);
  });
});

describe('a request that cannot be read', () => {
  it.each([
    ['malformed JSON', '{"userId":', { 'content-type': 'application/json' }, 400, 'MALFORMED_JSON'],
    ['nothing, said to be JSON', '', { 'content-type': 'application/json' }, 400, 'MALFORMED_JSON'],
    ['a prototype', '{"__proto__":{}}', { 'content-type': 'application/json' }, 400, 'MALFORMED_JSON'],
    ['text', 'userId=1', { 'content-type': 'text/plain' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a form', 'userId=1', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['a hundred kilobytes', `"${'x'.repeat(100_000)}"`, { 'content-type': 'application/json' }, 413, 'BODY_TOO_LARGE'],
  ])('%s is refused', async (_what, payload, headers, status, code) => {
    const response = await app.inject({ method: 'POST', url: '/orders', payload, headers });
    expect(response.headers['content-type']).toBe('application/problem+json');
    expect(response.json()).toMatchObject({ status, code });
    expect(response.statusCode).toBe(status);
  });

  it('has no body at all: what is required is missing, what is optional is not', async () => {
    expect((await app.inject({ method: 'POST', url: '/orders' })).json()).toMatchObject({
      detail: 'the request has a fault: the body is required',
      errors: [{ pointer: '', code: 'REQUIRED', message: 'the body is required' }],
    });
    expect((await app.inject({ method: 'POST', url: '/cancel' })).statusCode).toBe(200);
  });

  it('is not even HTTP', async () => {
    await app.listen({ port: 0, host: '127.0.0.1' });
    expect(await raw(app, 'HELLO\r\n\r\n')).toMatch(/^HTTP\/1.1 400 Bad Request\r\n.*"code":"BAD_REQUEST"/s);
    const headers = `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`;
    expect(await raw(app, headers)).toMatch(/^HTTP\/1.1 431 .*"code":"HEADERS_TOO_LARGE"/s);
  });
});

describe('a path that has other methods', () => {
  it('is 405 and says which', async () => {
    const response = await app.inject({ method: 'DELETE', url: '/orders/1?really=yes' });
    expect(response.headers).toMatchObject({ allow: 'GET, HEAD', 'content-type': 'application/problem+json' });
    expect(response.json()).toMatchObject({
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      detail: '/orders/1 takes GET, HEAD',
    });
  });
});

describe('a path that names nothing', () => {
  it('is told as it was given', async () => {
    const { detail } = (await app.inject('/orders/1')).json();
    expect(detail).toBe('nothing has the orderId "1"');
    expect((await app.inject('/orders/%00')).json().detail, 'once').toBe('nothing has the orderId "\\u0000"');
  });

  it.each(['/nowhere', '/docs/nowhere', '/orders/1', `/orders/${'x'.repeat(300)}`, '/orders/%zz', '/orders/%00'])(
    '%s is 404',
    async (url) => {
      const response = await app.inject({ method: 'GET', url });
      expect(response.headers['content-type']).toBe('application/problem+json');
      expect(response.json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
      expect(response.statusCode).toBe(404);
    },
  );
});

describe('other errors', () => {
  it('names a faulty query parameter', async () => {
    const response = await app.inject('/orders?limit=1000');
    expect(response.json()).toMatchObject({ status: 400, code: 'INVALID_QUERY', errors: [{ pointer: '/limit' }] });
  });

  it.each(['/declared', '/orders/0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa'])(
    'refuses a query parameter that %s does not take',
    async (path) => {
      expect((await app.inject(`${path}?limt=5`)).json()).toMatchObject({
        status: 400,
        code: 'INVALID_QUERY',
        errors: [{ pointer: '/limt', code: 'UNKNOWN_FIELD' }],
      });
    },
  );

  it.each(['/health/live', '/health/ready', '/metrics'])('lets a platform ask %s as it likes', async (path) => {
    expect((await app.inject(`${path}?at=now`)).statusCode).toBe(200);
  });

  it('lets a route throw a problem, whatever response it declares', async () => {
    const response = await app.inject({ method: 'POST', url: '/conflict' });
    expect(response.json()).toMatchObject({ status: 409, code: 'DUPLICATE', detail: 'it exists' });
    expect((await app.inject('/declared')).json().errors).toHaveLength(1);
  });

  it('tells nothing of a bug, but logs it', async () => {
    const response = await app.inject('/bug');
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('secret inside');
    expect(logged.join()).toContain('secret inside');
  });

  it('asks to come again while the database is away', async () => {
    const response = await app.inject('/away');
    expect(response.json()).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect(response.headers['retry-after']).toBe('1');
    expect(response.body).not.toContain('10.0.0.1');
  });

  it('names what else is away, and logs why', async () => {
    const response = await app.inject('/kafka-away');
    expect(response.json()).toMatchObject({ status: 503, detail: 'Kafka did not hand over the message' });
    expect(response.body).not.toContain('10.0.0.2');
    expect(logged.join()).toContain('Kafka did not hand over the message: connect ECONNREFUSED 10.0.0.2:9092');
  });
});

describe('trace context', () => {
  const order = { userId: 1, items: [{ productId: 1, quantity: 1 }] };

  it("is the caller's", async () => {
    expect((await post(order, { traceparent: TRACEPARENT })).json()).toEqual({ trace: TRACEPARENT });
  });

  it('begins here where the caller has none, or a broken one', async () => {
    const traces = await Promise.all([post(order), post(order), post(order, { traceparent: '00-0-0-01' })]);
    const begun = traces.map((response) => response.json().trace);
    expect(new Set(begun).size).toBe(3);
    for (const trace of begun) expect(trace).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });
});

describe('operation', () => {
  it('lives, and is ready or says why not', async () => {
    expect((await app.inject('/health/live')).json()).toEqual({ status: 'live' });
    expect((await app.inject('/health/ready')).json()).toEqual({ status: 'ready' });
    missing = ['the database does not answer', 'the consumer is not running'];
    const response = await app.inject('/health/ready');
    expect(response.statusCode).toBe(503);
    expect(response.json().detail).toBe('the database does not answer; the consumer is not running');
  });

  it('is ready for all others while it holds something back: an old replica must not be taken out for it', async () => {
    heldBack = '3 partitions wait for definition place-order v2, e.g. saga-1';
    const response = await app.inject('/health/ready');
    expect([response.statusCode, response.json()]).toEqual([200, { status: 'ready', heldBack }]);
  });

  it('counts requests by route, not by path', async () => {
    await app.inject('/orders/0190aaaa-aaaa-7aaa-8aaa-aaaaaaaaaaaa');
    await app.inject('/nowhere');
    const metrics = (await app.inject('/metrics')).body;
    expect(metrics).toContain('route="/orders/:orderId",status="404"');
    expect(metrics).toContain('route="none",status="404"');
    expect(metrics).toContain('saga_outbox_rows{service="shop"} 7');
  });

  it('says nothing of requests that went well', async () => {
    await app.inject('/health/live');
    expect(logged).toEqual([]);
  });

  it('describes its API, problems included', async () => {
    const api = (await app.inject('/openapi.json')).json();
    expect(api.openapi).toBe('3.1.0');
    expect(Object.keys(api.paths)).toContain('/orders/{orderId}');
    expect(api.paths['/orders'].post.responses.default.content['application/problem+json'].schema).toEqual({
      $ref: '#/components/schemas/Problem',
    });
    expect(api.components.schemas.Problem.properties).toHaveProperty('errors');
  });

  it('shows a reference that loads nothing from elsewhere', async () => {
    expect((await app.inject('/docs')).headers.location).toBe('/docs/');
    const page = await app.inject('/docs/');
    expect(page.headers['content-type']).toMatch('text/html');
    expect(page.body).not.toMatch(/https?:\/\//);
    expect(page.headers['content-security-policy']).toMatch("default-src 'self'");
    const [, script] = /src="([^"]+)"/.exec(page.body) ?? [];
    expect((await app.inject(`/docs/${script}`)).headers['content-type']).toMatch('javascript');
  });

  it('answers who waits when it stops, on a connection that then ends', async () => {
    const held = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    app.get('/held', async () => {
      arrived.resolve();
      await held.promise;
      return {};
    });
    app.addHook('preClose', async () => held.resolve());
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    const answer = fetch(`${url}/held`);
    await arrived.promise;
    const closed = app.close();
    expect((await answer).headers.get('connection')).toBe('close');
    await closed;
  });

  it('sends security headers', async () => {
    const { headers } = await app.inject('/health/live');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN' });
    expect(headers['content-security-policy']).toBe("default-src 'none';frame-ancestors 'none'");
  });
});

const raw = (on: HttpApp, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const address = on.server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    let answer = '';
    connect(address.port, '127.0.0.1', function (this: import('node:net').Socket) {
      this.end(text);
      this.setEncoding('utf8').on('data', (chunk) => {
        answer += chunk;
      });
      this.on('close', () => resolve(answer)).on('error', reject);
    });
  });
