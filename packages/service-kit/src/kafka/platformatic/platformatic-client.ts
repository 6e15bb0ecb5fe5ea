import type { ConnectClient } from '../kafka-client.ts';
import { groupMember } from './group-member.ts';
import { joinGroup } from './membership.ts';
import { partitionReader } from './partition-reader.ts';
import { createProducer } from './producer.ts';

export const platformaticClient: ConnectClient = (options) => ({
  producer: (topicPrefix) => createProducer(options, topicPrefix),
  joinGroup: (join) =>
    joinGroup(
      { reader: partitionReader(options, join), createMember: (events) => groupMember(options, join, events) },
      join,
    ),
});
