import { wholeNumber } from '@saga/service-kit/config';

/** The orchestrator's own settings, beside the common ones. */
export const orchestratorConfig = {
  TIMER_INTERVAL_MS: wholeNumber(10, 60_000)
    .default(500)
    .describe('How often sagas whose time has come are looked for, in milliseconds'),
};
