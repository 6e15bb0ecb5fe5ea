import type { ConsumerConfig } from 'kafkajs';
import { RETRY } from './client.ts';
import { coPartitionedAssigner } from './co-partitioned-assigner.ts';

/** A killed replica's partitions rest for so long. The broker allows no less than 6 s; a busy machine needs some more. */
const SESSION_TIMEOUT_MS = 8_000;
const HEARTBEAT_INTERVAL_MS = 3_000;
/** How long the others wait for a member that does not rejoin. */
const REBALANCE_TIMEOUT_MS = 30_000;
/** A fetch waits for so long when there is nothing: it delays leaving and rejoining. */
const MAX_WAIT_MS = 500;
const MIN_BYTES = 1;
/** What one fetch may bring into memory, per broker node. */
const MAX_BYTES = 8 * 1_024 * 1_024;
const MAX_BYTES_PER_PARTITION = 1_024 * 1_024;
/**
 * Joining is repeated as often as others join at the same time; and a consumer that outlasts a fault is still known to
 * the group, while one that gives up leaves a member behind that the others wait for until its session ends.
 */
const RETRIES = 10;

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
