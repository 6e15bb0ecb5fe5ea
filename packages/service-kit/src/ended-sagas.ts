import { uuid } from '@saga/messages/values';
import { z } from 'zod';
import { serviceUrl } from './config.ts';
import { Unavailable } from './faults.ts';
import type { EndedSagas } from './retention.ts';

const TIMEOUT_MS = 10_000;

/** The setting of a service that keeps what may have to be undone. */
export const orchestratorSetting = {
  ORCHESTRATOR_URL: serviceUrl('http://127.0.0.1:8080').describe(
    'Where the orchestrator answers: before a payment or a delivery is forgotten it is asked whether the saga has ended',
  ),
};

const answer = z.object({ items: z.array(uuid) });

/** @throws Unavailable where the orchestrator does not answer: then nothing is forgotten. */
export const askOrchestrator =
  (orchestratorUrl: string): EndedSagas =>
  async ({ from, upTo }, limit) => {
    const url = `${orchestratorUrl}/sagas/ended?from=${from}&upTo=${upTo}&limit=${limit}`;
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      return answer.parse(await response.json()).items;
    } catch (error) {
      throw new Unavailable(`which sagas have ended cannot be asked at ${url}`, { cause: error });
    }
  };
