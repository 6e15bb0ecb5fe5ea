import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

export const PLATFORM_SECRET = `whsec_${Buffer.from('a secret that only the tests know').toString('base64')}`;

export type PlatformInbox = { url: string; close(): Promise<void> };

type Delivered = { verified: boolean; body: unknown };

/** The external platform: takes what is posted to it, checks the signature, and tells by order id what it got. */
export async function platformInbox(): Promise<PlatformInbox> {
  const webhook = new Webhook(PLATFORM_SECRET);
  const delivered = new Map<string, Delivered>();
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') {
      const payload = await text(request);
      const body = JSON.parse(payload);
      delivered.set(orderIdOf(body), { verified: isSigned(webhook, payload, request.headers), body });
      response.writeHead(204).end();
      return;
    }
    const found = delivered.get((request.url ?? '').slice(1));
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? {}));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function isSigned(webhook: Webhook, payload: string, headers: NodeJS.Dict<string | string[]>): boolean {
  try {
    webhook.verify(payload, headers as Record<string, string>);
    return true;
  } catch {
    return false; // which is what the test wants to know
  }
}

function orderIdOf(body: unknown): string {
  const { orderId, data } = body as { orderId?: string; data?: { orderId?: string } };
  return orderId ?? data?.orderId ?? '';
}
