import { Webhook } from 'standardwebhooks';

/** Tells the platform of one processed order; returns what went wrong, in words, or undefined when it was accepted. */
export type SendWebhook = (id: string, payload: string, stopping: AbortSignal) => Promise<string | undefined>;

export type WebhookOptions = { url: string; secret: string; timeoutMs: number };

const SECRET = /^whsec_([A-Za-z0-9+/]+={0,2})$/;
const MIN_SECRET_BYTES = 24;
const MAX_SECRET_BYTES = 64;

/** As Standard Webhooks lays a secret down: long enough not to be guessed, in base64. */
export function isWebhookSecret(text: string): boolean {
  const base64 = SECRET.exec(text)?.[1] ?? '';
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length >= MIN_SECRET_BYTES && bytes.length <= MAX_SECRET_BYTES && bytes.toString('base64') === base64;
}

/**
 * Posts JSON, signed as https://www.standardwebhooks.com lays down: the id is the same on every attempt, so that the
 * receiver can drop what it already has. Accepted is any 2xx; a redirect is not followed, for it would carry the
 * order elsewhere.
 */
export function createWebhook({ url, secret, timeoutMs }: WebhookOptions): SendWebhook {
  const webhook = new Webhook(secret);
  return async (id, payload, stopping) => {
    const now = new Date();
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
          'webhook-signature': webhook.sign(id, now, payload),
        },
        body: payload,
        signal: AbortSignal.any([stopping, AbortSignal.timeout(timeoutMs)]),
      });
      // The answer's body is of no use, and may be endless.
      await response.body?.cancel();
      return response.ok ? undefined : `the platform answered ${response.status} ${response.statusText}`.trimEnd();
    } catch (error) {
      if (stopping.aborted) return 'the service stopped before the platform answered';
      return faultOf(error, timeoutMs);
    }
  };
}

function faultOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `the platform did not answer within ${timeoutMs} ms`;
  // fetch says only "fetch failed"; its cause says why.
  return error.cause instanceof Error ? error.cause.message || error.cause.name : error.message;
}
