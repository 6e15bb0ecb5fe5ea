import type { ConnectClient } from '../kafka-client.ts';
import { kafkaClients } from './client.ts';
import { joinGroup } from './membership.ts';
import { createProducer } from './producer.ts';

export const kafkajsClient: ConnectClient = (options) => {
  const createClient = kafkaClients(options);
  return {
    producer: (topicPrefix) => createProducer(createClient(), topicPrefix),
    joinGroup: (join) => joinGroup(createClient(), join),
  };
};
