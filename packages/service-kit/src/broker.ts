import type { ReceivedMessage, WireMessage } from '@saga/messages/codec';

/** How a topic is kept: commands and facts for a time, state topics for ever, the last per key. */
export type TopicSpec = { name: string; compacted: boolean };

export type Subscription = {
  /** The consumer group: named as its service. */
  group: string;
  topics: readonly string[];
  /** The most messages that one call of the handler gets. */
  maxBatch: number;
};

/**
 * Gets what arrived since its last call, over all topics and partitions, in order within each partition. When it
 * resolves, the batch may be forgotten; when it rejects, the same messages come again (to this or another replica).
 * It is never called again before the last call has ended.
 */
export type BatchHandler = (batch: readonly ReceivedMessage[]) => Promise<void>;

export interface Consumer {
  /** Finishes the batch at hand, commits what was handled, leaves the group. */
  stop(): Promise<void>;
}

/**
 * The narrow door to Kafka: all that a service needs of it, so that another client can take kafkajs' place without
 * touching a service. Topics are named without their prefix on both sides. Delivery is at least once, in order per
 * partition; the same key goes to the same partition number of every topic.
 */
export interface Broker {
  /** Creates what is missing, leaves what exists. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>;
  /** Resolves when the broker has acknowledged all of them durably. Messages of one call keep their order per key. */
  publish(messages: readonly WireMessage[]): Promise<void>;
  consume(subscription: Subscription, handle: BatchHandler): Promise<Consumer>;
  /** How many messages of these topics the group has not handled yet. */
  lag(group: string, topics: readonly string[]): Promise<number>;
  /** Rejects, with the reason, while the broker cannot be reached. */
  check(): Promise<void>;
  close(): Promise<void>;
}
