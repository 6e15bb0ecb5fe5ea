import { partitionOf } from '@saga/service-kit/partition-of';

/** What the floor sends: the bytes of a message of ours, under another key. `topic` has no prefix. */
export type FloorMessage = { topic: string; key: string; headers: Readonly<Record<string, string>>; value: string };

/** A message that arrived: the floor reads no more of it. */
export type Arrived = { topic: string; key: string };

/** About as many messages as one transaction takes. */
export const MAX_BATCH = 500;
/** Fewer are no batch of their own beside others, as with ours. */
const LEAST_BESIDE = MAX_BATCH / 2;

/** Handled at the same time, at most so many batches of what came together; what has one key is in one of them. */
export async function inLanes(lanes: number, arrived: readonly Arrived[], handle: HandleArrived): Promise<void> {
  const shares = Math.min(lanes, Math.floor(arrived.length / LEAST_BESIDE));
  if (shares <= 1) return handle(arrived);
  const batches = Map.groupBy(arrived, ({ key }) => partitionOf(key, shares)).values();
  await Promise.all(batches.map(handle));
}

export type HandleArrived = (batch: readonly Arrived[]) => Promise<void>;

/** A Kafka client as plainly as it can be used without losing anything. */
export type Transport = {
  /** Resolves when all of them are acknowledged by all in-sync replicas. */
  publish(messages: readonly FloorMessage[]): Promise<void>;
  /** Resolves when it has its partitions. What arrives while a batch is handled is the next batch. */
  consume(subscription: FloorSubscription, handle: HandleArrived): Promise<void>;
  close(): Promise<void>;
};

/** `lanes`: so many batches are handled at a time, where much has arrived. */
type FloorSubscription = { group: string; topics: readonly string[]; lanes: number };

export type TransportOptions = {
  brokers: readonly string[];
  topicPrefix: string;
  partitions: number;
  clientId: string;
};
