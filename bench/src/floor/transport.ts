/** What the floor sends: the bytes of a message of ours, under another key. `topic` has no prefix. */
export type FloorMessage = { topic: string; key: string; headers: Readonly<Record<string, string>>; value: string };

/** A message that arrived: the floor reads no more of it. */
export type Arrived = { topic: string; key: string };

/** A Kafka client as plainly as it can be used without losing anything. */
export type Transport = {
  /** Resolves when all of them are acknowledged by all in-sync replicas. */
  publish(messages: readonly FloorMessage[]): Promise<void>;
  /** Resolves when it has its partitions. What arrives while a batch is handled is the next batch. */
  consume(
    group: string,
    topics: readonly string[],
    handle: (batch: readonly Arrived[]) => Promise<void>,
  ): Promise<void>;
  close(): Promise<void>;
};

export type TransportOptions = {
  brokers: readonly string[];
  topicPrefix: string;
  partitions: number;
  clientId: string;
};
