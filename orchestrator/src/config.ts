import { commaList, wholeNumber } from '@saga/service-kit/config';

/** The orchestrator's own settings, beside the common ones. */
export const orchestratorConfig = {
  TIMER_INTERVAL_MS: wholeNumber(10, 60_000)
    .default(500)
    .describe('How often sagas whose time has come are looked for, in milliseconds'),
  AUDIT_DAYS: wholeNumber(1, 36_500)
    .default(365)
    .describe('Days that the audit, and dead letters that were redriven or discarded, are kept'),
  LEDGERS: commaList(/^[a-z][a-z-]*=https?:\/\/[^\s,]+[^\s,/]$/, 'a comma-separated list of service=URL')
    .default([
      'order=http://127.0.0.1:8081',
      'product=http://127.0.0.1:8082',
      'balance=http://127.0.0.1:8083',
      'coupon=http://127.0.0.1:8084',
      'delivery=http://127.0.0.1:8085',
    ])
    .describe('Whose books the reconciliation reads, and where: service=URL, several separated by commas'),
};
