import type { ConsumerConfig } from 'kafkajs';
import {
  HEARTBEAT_INTERVAL_MS,
  MAX_BYTES,
  MAX_BYTES_PER_PARTITION,
  MAX_WAIT_MS,
  MIN_BYTES,
  REBALANCE_TIMEOUT_MS,
  RETRIES,
  SESSION_TIMEOUT_MS,
} from '../group-settings.ts';
import { RETRY } from './client.ts';
import { coPartitionedAssigner } from './co-partitioned-assigner.ts';

export const consumerSettings = (group: string): ConsumerConfig => ({
  groupId: group,
  partitionAssigners: [coPartitionedAssigner],
  sessionTimeout: SESSION_TIMEOUT_MS,
  heartbeatInterval: HEARTBEAT_INTERVAL_MS,
  rebalanceTimeout: REBALANCE_TIMEOUT_MS,
  maxWaitTimeInMs: MAX_WAIT_MS,
  minBytes: MIN_BYTES,
  maxBytes: MAX_BYTES,
  maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
  allowAutoTopicCreation: false,
  // kafkajs restarts itself after some errors only; a new consumer after all of them is one way instead of two.
  retry: { ...RETRY, retries: RETRIES, restartOnFailure: async () => false },
});
