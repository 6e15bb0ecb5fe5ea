import { randomUUID } from 'node:crypto';
import { quietKafka } from '../machine/topics.ts';
import type { OrderEnds } from './order-ends.ts';
import type { Outcome } from './system.ts';

const MAX_WAIT_MS = 200;

/**
 * Reads the end of every order from the topics that tell the outside of it, as one more consumer would: no table is
 * asked and no request held. What is measured includes the way of that last message.
 */
export async function watchEnds(
  brokers: readonly string[],
  topics: Readonly<Record<string, Outcome>>,
  ends: OrderEnds,
): Promise<() => Promise<void>> {
  const group = `bench-${randomUUID()}`;
  const consumer = quietKafka(brokers, 'bench').consumer({ groupId: group, maxWaitTimeInMs: MAX_WAIT_MS });
  await consumer.connect();
  await consumer.subscribe({ topics: Object.keys(topics), fromBeginning: true });
  const joined = new Promise((resolve) => consumer.on(consumer.events.GROUP_JOIN, resolve));
  await consumer.run({
    autoCommit: false,
    eachBatch: async ({ batch: { topic, messages }, resolveOffset }) => {
      const outcome = topics[topic];
      for (const { key, offset } of messages) {
        // The same order may be announced twice; the second time nobody waits for it any more.
        if (key !== null && outcome !== undefined) ends.ended(key.toString(), outcome);
        resolveOffset(offset);
      }
    },
  });
  await joined;
  return () => consumer.disconnect();
}
