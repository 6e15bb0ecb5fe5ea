import { setTimeout as pause } from 'node:timers/promises';
import type { Admin } from 'kafkajs';
import type { Logger } from 'pino';
import type { TopicSpec } from '../../broker.ts';

export type CreateTopicsOptions = {
  /** Named with the prefix. */
  topics: readonly TopicSpec[];
  partitions: number;
  logger: Logger;
};

/** The broker's own: three in a cluster, one on a single machine. */
const BROKERS_REPLICATION_FACTOR = -1;
const CREATE_TIMEOUT_MS = 10_000;
const SERVED_WITHIN_MS = 30_000;
const LOOK_AGAIN_MS = 50;

/**
 * Creates what is missing and waits until all of it can be written and read. Seven services start at once, each with
 * its list: that another one was faster is no error (kafkajs says so by returning false).
 */
export async function createTopics(admin: Admin, { topics, partitions, logger }: CreateTopicsOptions): Promise<void> {
  const existing = new Set(await admin.listTopics());
  const missing = topics.filter(({ name }) => !existing.has(name));
  if (missing.length > 0)
    await admin.createTopics({
      waitForLeaders: false,
      timeout: CREATE_TIMEOUT_MS,
      topics: missing.map(({ name, compacted }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor: BROKERS_REPLICATION_FACTOR,
        configEntries: compacted ? [{ name: 'cleanup.policy', value: 'compact' }] : [],
      })),
    });
  const giveUpAt = performance.now() + SERVED_WITHIN_MS;
  await Promise.all(
    topics.map(async ({ name }) => {
      const has = await whenServed(admin, name, giveUpAt);
      if (has !== partitions)
        logger.warn(
          { topic: name, has, configured: partitions },
          'a topic has another number of partitions than configured: its messages of a saga may go to another member',
        );
    }),
  );
}

/**
 * Metadata name a partition's leader before that leader serves it: what is published then succeeds for some partitions
 * only, and kafkajs sends all of it again. Asking for offsets asks the leaders themselves. Resolves with the number of
 * partitions.
 */
async function whenServed(admin: Admin, topic: string, giveUpAt: number): Promise<number> {
  for (;;) {
    try {
      return (await admin.fetchTopicOffsets(topic)).length;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await pause(LOOK_AGAIN_MS);
    }
  }
}
