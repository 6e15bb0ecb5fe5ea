import { messageOf } from '@saga/service-kit/faults';
import { ADD_UP_TIMEOUT_MS, ledgerFaults, ledgerPage } from '@saga/service-kit/ledger';
import { unavailable } from '@saga/service-kit/problem';
import type { z } from 'zod';
import type { LedgerSource } from '../../app/reconciliation/ledgers.ts';

/** Both end before our own caller's connection does: that one is told which service does not answer. */
export const LEDGER_TIMEOUTS = {
  effectsMs: 20_000,
  /** To add up all books of a service takes as long as that service allows itself. */
  faultsMs: ADD_UP_TIMEOUT_MS + 5_000,
};
const RETRY_AFTER_SECONDS = 10;

/** A service's books over HTTP, as the setting names them: `service=URL`. */
export function httpLedger(setting: string, { effectsMs, faultsMs } = LEDGER_TIMEOUTS): LedgerSource {
  const separator = setting.indexOf('=');
  const service = setting.slice(0, separator);
  const url = setting.slice(separator + 1);
  async function ask<Schema extends z.ZodType>(
    path: string,
    timeoutMs: number,
    schema: Schema,
  ): Promise<z.infer<Schema>> {
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(`${url}${path}`, { signal: limit });
      if (!response.ok) throw new Error(`it answered ${response.status}: ${await response.text()}`);
      return schema.parse(await response.json());
    } catch (error) {
      const why = limit.aborted ? `no answer within ${timeoutMs / 1_000} s` : messageOf(error);
      throw unavailable(`${url}/ledger, the books of ${service}, cannot be read: ${why}`, RETRY_AFTER_SECONDS, error);
    }
  }

  return {
    service,
    effects: async ({ after, upTo }, limit) => {
      const { items } = await ask(`/ledger?after=${after}&upTo=${upTo}&limit=${limit}`, effectsMs, ledgerPage);
      return new Map(items.map(({ orderId, effects }) => [orderId, effects]));
    },
    faults: async () => (await ask('/ledger/faults', faultsMs, ledgerFaults)).items,
  };
}
