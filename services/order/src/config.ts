import { serviceUrl, wholeNumber } from '@saga/service-kit/config';
import type { z } from 'zod';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const orderConfig = {
  ORCHESTRATOR_URL: serviceUrl('http://127.0.0.1:8080').describe(
    'Where clients reach the orchestrator: for the link from an order to its saga',
  ),
  OUTBOX_LIMIT: wholeNumber(1, 1_000_000)
    .default(100_000)
    .describe('Messages that may wait for the broker before new orders are refused with 503'),
  INTAKE_LIMIT: wholeNumber(1, 100_000)
    .default(5_000)
    .describe('Requests to place orders that may be under way at once before new ones are refused with 503'),
  ANNOUNCE_AFTER_MS: wholeNumber(1, DAY_MS)
    .default(MINUTE_MS)
    .describe('An order that is pending for longer, in milliseconds, is announced again; then less and less often'),
};
export type OrderConfig = z.infer<z.ZodObject<typeof orderConfig>>;
