import { ConfigError, wholeNumber } from '@saga/service-kit/config';
import { z } from 'zod';
import type { RetryPolicy } from './retry.ts';
import { isWebhookSecret, type WebhookOptions } from './webhook.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

export const platformConfig = {
  PLATFORM_WEBHOOK_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })
    .optional()
    .describe('Where processed orders are sent; without it they are only counted'),
  PLATFORM_WEBHOOK_SECRET: z
    .string()
    .refine(isWebhookSecret, 'must be whsec_ followed by 24 to 64 bytes in base64')
    .optional()
    .meta({
      description: 'What the requests are signed with (Standard Webhooks): whsec_ followed by 24 to 64 bytes in base64',
      secret: true,
    }),
  PLATFORM_WEBHOOK_TIMEOUT_MS: wholeNumber(1, 5 * MINUTE_MS)
    .default(10 * SECOND_MS)
    .describe('An answer that takes longer, in milliseconds, counts as a failure'),
  PLATFORM_WEBHOOK_ATTEMPTS: wholeNumber(1, 100)
    .default(12)
    .describe('How often an order is sent before its dispatch is given up (FAILED)'),
  PLATFORM_WEBHOOK_FIRST_PAUSE_MS: wholeNumber(1, HOUR_MS)
    .default(SECOND_MS)
    .describe('The pause after the first failure, in milliseconds; it doubles with every further one'),
  PLATFORM_WEBHOOK_LONGEST_PAUSE_MS: wholeNumber(1, 24 * HOUR_MS)
    .default(HOUR_MS)
    .describe('The longest pause between two attempts, in milliseconds'),
  PLATFORM_WEBHOOK_CONCURRENCY: wholeNumber(1, 200)
    .default(16)
    .describe('The most requests to the platform that a replica has under way'),
};
export type PlatformConfig = z.infer<z.ZodObject<typeof platformConfig>>;

/**
 * Where to send, if anywhere.
 *
 * @throws ConfigError where there is a URL without a secret: nothing is sent that the platform could not verify.
 */
export function webhookOf(config: PlatformConfig): WebhookOptions | undefined {
  const { PLATFORM_WEBHOOK_URL: url, PLATFORM_WEBHOOK_SECRET: secret, PLATFORM_WEBHOOK_TIMEOUT_MS: timeoutMs } = config;
  if (url === undefined) return undefined;
  if (secret === undefined)
    throw new ConfigError([
      'PLATFORM_WEBHOOK_SECRET is not set, but PLATFORM_WEBHOOK_URL is: requests are signed with it. It is whsec_ followed by 24 to 64 bytes in base64',
    ]);
  return { url, secret, timeoutMs };
}

export const retryPolicyOf = (config: PlatformConfig): RetryPolicy => ({
  attempts: config.PLATFORM_WEBHOOK_ATTEMPTS,
  firstPauseMs: config.PLATFORM_WEBHOOK_FIRST_PAUSE_MS,
  longestPauseMs: config.PLATFORM_WEBHOOK_LONGEST_PAUSE_MS,
});
