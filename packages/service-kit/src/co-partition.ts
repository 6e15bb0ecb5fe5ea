export type Subscriber = { memberId: string; topics: readonly string[] };

/** Per member, per topic, the partition numbers that it reads. */
export type Shares = ReadonlyMap<string, Record<string, number[]>>;

/**
 * Gives a member the same partition numbers of every topic, so that all messages of a key meet in one process
 * (architecture.md, Scale). While members of two versions are in a group, a topic is shared by those that know it.
 */
export function coPartition(
  subscribers: readonly Subscriber[],
  partitionsOf: (topic: string) => readonly number[],
): Shares {
  const members = subscribers.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const shares = new Map<string, Record<string, number[]>>(members.map(({ memberId }) => [memberId, {}]));
  for (const topic of topicsOf(members)) {
    const readers = members.filter(({ topics }) => topics.includes(topic));
    for (const partition of partitionsOf(topic)) {
      const reader = readers[partition % readers.length];
      const share = reader && shares.get(reader.memberId);
      if (share) share[topic] = [...(share[topic] ?? []), partition];
    }
  }
  return shares;
}

/** Every topic that anyone reads. */
export const topicsOf = (subscribers: readonly Subscriber[]): string[] =>
  [...new Set(subscribers.flatMap(({ topics }) => topics))].toSorted();
