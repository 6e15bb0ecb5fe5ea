import type { GroupPartitionsAssigner } from '@platformatic/kafka';
import { coPartition } from '../../co-partition.ts';

/** {@link coPartition} as the library has it: the leader of the group shares out for all, also what it does not read. */
export const coPartitionedAssigner: GroupPartitionsAssigner = (_leader, members, _topics, { topics: known }) => {
  const subscribers = [...members.values()].map(({ memberId, topics = [] }) => ({ memberId, topics }));
  const shares = coPartition(subscribers, (topic) => [...(known.get(topic)?.partitions.keys() ?? [])]);
  return [...shares].map(([memberId, share]) => ({
    memberId,
    assignments: new Map(Object.entries(share).map(([topic, partitions]) => [topic, { topic, partitions }])),
  }));
};
