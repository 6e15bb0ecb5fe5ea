import type { Logger } from 'pino';
import type { OutgoingMessage } from '../broker.ts';
import type { KafkaLogin } from '../kafka-login.ts';
import type { BatchGatherer } from './batch-gatherer.ts';

export type KafkaClientOptions = {
  /** `host:port` of any brokers of the cluster; the others are learned from them. */
  brokers: readonly string[];
  clientId: string;
  ssl: boolean;
  sasl?: KafkaLogin | undefined;
  logger: Logger;
};

/**
 * What a client library does for us where messages flow: all that makes the adapter right (natural batches, commits
 * beside the work, what comes again) is ours and the same for each.
 */
export type KafkaClient = {
  /** A connection that publishes; topics get this prefix. */
  producer(topicPrefix: string): Producer;
  joinGroup(options: JoinOptions): Membership;
};

export type ConnectClient = (options: KafkaClientOptions) => KafkaClient;

export type Producer = {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  /**
   * Resolves when all in-sync replicas have all of them, in order per key; what of it was written when it rejects is
   * not known.
   *
   * @throws BrokerRefusal when the broker answered, and took some of it not.
   */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
};

/** What the broker answered in place of taking what was sent: the names that Kafka gives its errors. */
export class BrokerRefusal extends Error {
  override name = 'BrokerRefusal';
  readonly errors: readonly string[];

  constructor(errors: readonly string[], options?: ErrorOptions) {
    super(errors.join(', '), options);
    this.errors = errors;
  }
}

export type JoinOptions = {
  /** Both with the prefix. */
  group: string;
  topics: readonly string[];
  unprefixed: (topic: string) => string;
  partitions: number;
  gatherer: BatchGatherer;
  logger: Logger;
};

/** One life of a consumer: from joining the group until it leaves, or until the client library gives up. */
export type Membership = {
  /** Resolves when this life is over. */
  readonly over: Promise<MembershipEnd>;
  /** Ends after the batch at hand, commits what was handled, leaves the group. Never rejects. */
  leave(): Promise<void>;
};

/** Why it ended, and whether it ever was in the group: a coordinator that still starts up refuses at first. */
export type MembershipEnd = { reason: string; joined: boolean };
