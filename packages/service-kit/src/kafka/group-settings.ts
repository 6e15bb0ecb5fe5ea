/** A killed replica's partitions rest for so long. The broker allows no less than 6 s; a busy machine needs some more. */
export const SESSION_TIMEOUT_MS = 8_000;
export const HEARTBEAT_INTERVAL_MS = 3_000;
/** How long the others wait for a member that does not rejoin. */
export const REBALANCE_TIMEOUT_MS = 30_000;
/** A fetch waits for so long when there is nothing: it delays leaving and rejoining. */
export const MAX_WAIT_MS = 500;
export const MIN_BYTES = 1;
/**
 * What one fetch may bring into memory, per broker node: more than the orchestrator's batches take at a time, and not so
 * much that a burst fills its memory. A broker fills it from the first partition on that is asked for, and stops where it
 * is full: kafkajs asks in random order, and to the other client, which holds a session, the broker serves last what it
 * has served last.
 */
export const MAX_BYTES = 2 * 1_024 * 1_024;
export const MAX_BYTES_PER_PARTITION = 512 * 1_024;
/**
 * Joining is repeated as often as others join at the same time; and a consumer that outlasts a fault is still known to
 * the group, while one that gives up leaves a member behind that the others wait for until its session ends.
 */
export const RETRIES = 10;

/** How long a rebalance waits for a batch of ours: most end in milliseconds, and then nothing of it comes again. */
export const REBALANCE_GRACE_MS = 5_000;
/** Stopping must not take longer because Kafka is away: what is not committed comes again. */
export const FLUSH_LIMIT_MS = 2_000;
export const LEAVE_LIMIT_MS = 3_000;
/** A batch that was rejected comes again after so long. */
export const REJECTED_PAUSE_MS = 200;

/** By this name members agree on how to share, whatever their client: change it when the rule changes. */
export const ASSIGNER = { name: 'CoPartitionedAssigner', version: 0 };
export const NO_USER_DATA = Buffer.alloc(0);
