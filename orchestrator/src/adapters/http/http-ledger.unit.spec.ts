import { once } from 'node:events';
import { createServer } from 'node:http';
import { CONNECTION_TIMEOUT_MS } from '@saga/service-kit/http-app';
import { ADD_UP_TIMEOUT_MS } from '@saga/service-kit/ledger';
import { expect, onTestFinished, test } from 'vitest';
import { httpLedger, LEDGER_TIMEOUTS } from './http-ledger.ts';

test('a service that takes the request and never answers is named in a 503', async () => {
  const frozen = createServer(() => {}).listen(0, '127.0.0.1');
  onTestFinished(() => frozen.closeAllConnections());
  onTestFinished(() => void frozen.close());
  await once(frozen, 'listening');
  const address = frozen.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  const url = `http://127.0.0.1:${address.port}`;
  const ledger = httpLedger(`balance=${url}`, { effectsMs: 50, faultsMs: 50 });
  const unanswered = {
    status: 503,
    message: `${url}/ledger, the books of balance, cannot be read: no answer within 0.05 s`,
  };
  await expect(ledger.effects({ after: 'a', upTo: 'b' }, 1)).rejects.toMatchObject(unanswered);
  await expect(ledger.faults()).rejects.toMatchObject(unanswered);
});

test('who asked is told before the connection ends, and a service is left the time that it allows itself', () => {
  expect(Math.max(...Object.values(LEDGER_TIMEOUTS))).toBeLessThan(CONNECTION_TIMEOUT_MS);
  expect(LEDGER_TIMEOUTS.faultsMs).toBeGreaterThan(ADD_UP_TIMEOUT_MS);
});
