import type { KafkaClient, KafkaClientOptions } from '../kafka-client.ts';
import { kafkaClients } from './client.ts';
import { joinGroup } from './membership.ts';
import { createProducer } from './producer.ts';

export function kafkajsClient(options: KafkaClientOptions): KafkaClient {
  const createClient = kafkaClients(options);
  return {
    producer: (topicPrefix) => createProducer(createClient(), topicPrefix),
    joinGroup: (join) => joinGroup(createClient(), join),
  };
}
