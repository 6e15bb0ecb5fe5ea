import type { ConnectClient } from '../kafka-client.ts';
import { joinGroup } from './membership.ts';
import { createProducer } from './producer.ts';

export const platformaticClient: ConnectClient = (options) => ({
  producer: (topicPrefix) => createProducer(options, topicPrefix),
  joinGroup: (join) => joinGroup(options, join),
});
