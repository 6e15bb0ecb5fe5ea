import { AssignerProtocol, type GroupMember, type PartitionAssigner } from 'kafkajs';
import { coPartition, type Subscriber, topicsOf } from '../../co-partition.ts';

const { MemberMetadata, MemberAssignment } = AssignerProtocol;

/** By this name members agree on how to share: change it when the rule changes. */
const NAME = 'CoPartitionedAssigner';
const VERSION = 0;
const NO_USER_DATA = Buffer.alloc(0);

/** {@link coPartition} as Kafka's group protocol has it: the leader of the group shares out for all. */
export const coPartitionedAssigner: PartitionAssigner = ({ cluster }) => ({
  name: NAME,
  version: VERSION,
  protocol: ({ topics }) => ({
    name: NAME,
    metadata: MemberMetadata.encode({ version: VERSION, topics, userData: NO_USER_DATA }),
  }),
  assign: async ({ members }) => {
    const subscribers = members.map(subscriberOf);
    // The leader may not read a topic that another version does, and then knows nothing of its partitions.
    await cluster.addMultipleTargetTopics(topicsOf(subscribers));
    const shares = coPartition(subscribers, (topic) =>
      cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
    );
    return [...shares].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: MemberAssignment.encode({ version: VERSION, assignment, userData: NO_USER_DATA }),
    }));
  },
});

const subscriberOf = ({ memberId, memberMetadata }: GroupMember): Subscriber => ({
  memberId,
  topics: MemberMetadata.decode(memberMetadata)?.topics ?? [],
});
