import type { Admin } from 'kafkajs';

type Range = { low: number; high: number };

/**
 * How many messages stand between what the group has committed and the end, over all partitions. A compacted topic has
 * gaps: there it is at most as many. Where the group has committed nothing yet, or what it committed has been deleted
 * since, it reads from the beginning.
 */
export async function lagOf(admin: Admin, group: string, topics: readonly string[]): Promise<number> {
  const [committed, ends] = await Promise.all([
    admin.fetchOffsets({ groupId: group, topics: [...topics] }),
    Promise.all(topics.map(async (topic) => ({ topic, partitions: await admin.fetchTopicOffsets(topic) }))),
  ]);
  const nextOffsets = new Map(
    committed.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic}/${partition}`, Number(offset)] as const),
    ),
  );
  return ends
    .flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, low, high }) =>
        remaining({ low: Number(low), high: Number(high) }, nextOffsets.get(`${topic}/${partition}`)),
      ),
    )
    .reduce((sum, count) => sum + count, 0);
}

/** Kafka says −1 where nothing was committed. */
const remaining = ({ low, high }: Range, next = -1): number => Math.max(0, high - Math.max(low, next));
