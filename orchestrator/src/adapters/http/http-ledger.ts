import { messageOf } from '@saga/service-kit/faults';
import { ledgerFaults, ledgerPage } from '@saga/service-kit/ledger';
import { unavailable } from '@saga/service-kit/problem';
import type { z } from 'zod';
import type { LedgerSource } from '../../app/reconciliation/ledgers.ts';

/** To add up all books of a service takes as long as that service allows itself. */
const TIMEOUT_MS = 60_000;
const RETRY_AFTER_SECONDS = 10;

/** A service's books over HTTP, as the setting names them: `service=URL`. */
export function httpLedger(setting: string): LedgerSource {
  const separator = setting.indexOf('=');
  const service = setting.slice(0, separator);
  const url = setting.slice(separator + 1);
  async function ask<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.infer<Schema>> {
    try {
      const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) throw new Error(`it answered ${response.status}: ${await response.text()}`);
      return schema.parse(await response.json());
    } catch (error) {
      throw unavailable(
        `${url}/ledger, the books of ${service}, cannot be read: ${messageOf(error)}`,
        RETRY_AFTER_SECONDS,
        error,
      );
    }
  }

  return {
    service,
    effects: async ({ after, upTo }, limit) => {
      const { items } = await ask(`/ledger?after=${after}&upTo=${upTo}&limit=${limit}`, ledgerPage);
      return new Map(items.map(({ orderId, effects }) => [orderId, effects]));
    },
    faults: async () => (await ask('/ledger/faults', ledgerFaults)).items,
  };
}
