import type { ReceivedMessage } from '@saga/messages/codec';

/** How a topic is kept: commands and facts for a time, state topics for ever, the last per key. */
export type TopicSpec = { name: string; compacted: boolean };

export type Subscription = {
  /** The consumer group: named as its service. */
  group: string;
  topics: readonly string[];
  /** The most messages that one call of the handler gets. */
  maxBatch: number;
  /**
   * At most so many calls of the handler are under way at a time, one unless said otherwise: more than one where much has
   * arrived. A partition number, whatever its topic, is in one of them: what has one key is never in two calls at a time.
   */
  lanes?: number;
};

/** A message that is left for a replica that can handle it, and what it waits for, in words that follow "waits for". */
export type LeftMessage = { received: ReceivedMessage; waitsFor: string };

/**
 * Gets what arrived since its last call, or in lanes its share of it, over all topics and partitions, in order within
 * each partition. When it resolves, the batch may be forgotten, but for what it leaves (as a rule nothing): each
 * partition of a message that was left stands still from that message on, and comes again after a while, to this or
 * another replica, while the others go on. When it rejects, all of it comes again. No more calls are under way at a time
 * than the subscription has lanes.
 */
export type BatchHandler = (batch: readonly ReceivedMessage[]) => Promise<readonly LeftMessage[]>;

export interface Consumer {
  /** Finishes the batch at hand, commits what was handled, leaves the group. */
  stop(): Promise<void>;
}

/** What can be published: as we write it, or as the bytes that somebody else wrote. A `WireMessage` is one. */
export type OutgoingMessage = {
  topic: string;
  key: string;
  headers: Readonly<Record<string, string | Buffer>>;
  value: string | Buffer;
};

/** Where a record stands; the offset is a 64-bit number. */
export type Place = { topic: string; partition: number; offset: string };

/** A record as bytes, nothing of it read as text. Of a header that stands more than once the last one counts. */
export type StoredRecord = {
  key: Buffer | null;
  headers: Readonly<Record<string, Buffer>>;
  value: Buffer | null;
};

/**
 * The narrow door to Kafka: all that a service needs of it, so that another client can take kafkajs' place without
 * touching a service. Topics are named without their prefix on both sides. Delivery is at least once, in order per
 * partition; the same key goes to the same partition number of every topic.
 */
export interface Broker {
  /** Creates what is missing, leaves what exists. */
  createTopics(topics: readonly TopicSpec[]): Promise<void>;
  /**
   * Resolves when the broker has acknowledged all of them durably. Messages of one call keep their order per key.
   *
   * @throws RangeError when one of them, or all together, is nothing that the broker takes, however often it is tried.
   */
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
  consume(subscription: Subscription, handle: BatchHandler): Promise<Consumer>;
  /**
   * Reads one record again, aside from every group. It takes seconds: for what happens once in a while.
   * Undefined where it is not kept any more, or nothing was ever there.
   */
  read(place: Place): Promise<StoredRecord | undefined>;
  /** How many messages of these topics the group has not handled yet. */
  lag(group: string, topics: readonly string[]): Promise<number>;
  /** Rejects, with the reason, while the broker cannot be reached. */
  check(): Promise<void>;
  close(): Promise<void>;
}
