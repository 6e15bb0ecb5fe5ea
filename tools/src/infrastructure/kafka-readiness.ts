import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';

const POLL_MS = 150;
const CONNECT_LIMIT_MS = 1_000;
const REQUEST_LIMIT_MS = 3_000;
/** On a machine ten times slower than usual. */
const READY_LIMIT_MS = 180_000;

/**
 * Resolves when the broker answers what a client asks first, its metadata: an open port alone says little.
 *
 * @param assertAlive throws when there is no use in waiting on.
 * @throws Error when it takes longer than three minutes, or when the signal aborts.
 */
export async function waitForKafka(
  broker: string,
  assertAlive: () => void | Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  while (!(await answers(broker))) {
    await assertAlive();
    if (performance.now() > deadline) throw new Error(`Kafka does not answer at ${broker}`);
    await sleep(POLL_MS, undefined, { signal });
  }
}

async function answers(broker: string): Promise<boolean> {
  const kafka = new Kafka({
    clientId: 'readiness',
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    connectionTimeout: CONNECT_LIMIT_MS,
    requestTimeout: REQUEST_LIMIT_MS,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers, controller } = await admin.describeCluster();
    return brokers.length > 0 && controller !== null;
  } catch {
    return false; // not yet
  } finally {
    await admin.disconnect();
  }
}
