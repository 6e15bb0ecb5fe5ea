import { AssignerProtocol, type GroupMember, type PartitionAssigner } from 'kafkajs';
import { coPartition, type Subscriber, topicsOf } from '../../co-partition.ts';
import { ASSIGNER, NO_USER_DATA } from '../group-settings.ts';

const { MemberMetadata, MemberAssignment } = AssignerProtocol;

/** {@link coPartition} as Kafka's group protocol has it: the leader of the group shares out for all. */
export const coPartitionedAssigner: PartitionAssigner = ({ cluster }) => ({
  name: ASSIGNER.name,
  version: ASSIGNER.version,
  protocol: ({ topics }) => ({
    name: ASSIGNER.name,
    metadata: MemberMetadata.encode({ version: ASSIGNER.version, topics, userData: NO_USER_DATA }),
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
      memberAssignment: MemberAssignment.encode({ version: ASSIGNER.version, assignment, userData: NO_USER_DATA }),
    }));
  },
});

const subscriberOf = ({ memberId, memberMetadata }: GroupMember): Subscriber => ({
  memberId,
  topics: MemberMetadata.decode(memberMetadata)?.topics ?? [],
});
