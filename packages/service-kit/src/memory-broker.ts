import type { Broker, OutgoingMessage, TopicSpec } from './broker.ts';
import { type ConsumerGroup, consumerGroup, type Place, type Scheduler } from './memory/consumer-group.ts';
import { type LogRecord, type PartitionLog, partitionLog } from './memory/partition-log.ts';
import { partitionOf } from './partition-of.ts';

export type MemoryBrokerOptions = {
  partitions: number;
  /** By default each batch has a turn of the event loop, and a rejected one a pause before it. */
  schedule?: Scheduler;
  onRejected?: (error: unknown) => void;
};

/** One instance is shared by all services of a process. Closing it does nothing: the others still use it. */
export interface MemoryBroker extends Broker {
  /** What no publisher of ours sends: a message without a key or a value, bytes that are no text. */
  append(topic: string, record: LogRecord): void;
  /** How many messages are kept in memory, over all topics. */
  readonly size: number;
}

const RETRY_PAUSE_MS = 200;
/** Kafka spreads what has no key; here it has one place. */
const PARTITION_WITHOUT_KEY = 0;

/**
 * The {@link Broker} without Kafka, with the same semantics, deterministic: it knows no clock and no randomness beyond
 * its scheduler. A crash loses it. Its memory is bounded as {@link partitionLog} says, so that what grows is only what
 * some group does not keep up with.
 */
export function memoryBroker({
  partitions,
  schedule = inTurns,
  onRejected = () => {},
}: MemoryBrokerOptions): MemoryBroker {
  const topics = new Map<string, readonly PartitionLog[]>();
  const groups = new Map<string, ConsumerGroup>();
  let sequence = 0;

  function logsOf(topic: string): readonly PartitionLog[] {
    const logs = topics.get(topic);
    if (!logs) throw new Error(`there is no topic ${topic}`);
    return logs;
  }

  function logOf(topic: string, partition: number): PartitionLog {
    const log = logsOf(topic)[partition];
    if (!log) throw new Error(`${topic} has no partition ${partition}`);
    return log;
  }

  function append(topic: string, record: LogRecord): void {
    const partition = record.key === null ? PARTITION_WITHOUT_KEY : partitionOf(record.key, partitions);
    sequence += 1;
    logOf(topic, partition).append(record, sequence);
    trim({ topic, partition });
  }

  function trim(place: Place): void {
    const readers = [...groups.values()].filter((group) => group.reads(place.topic));
    const handled = Math.min(...readers.map((group) => group.position(place)));
    logOf(place.topic, place.partition).trim(handled);
  }

  function wake(written: ReadonlySet<string>): void {
    for (const group of groups.values()) group.arrived(written);
  }

  function groupOf(name: string): ConsumerGroup {
    const existing = groups.get(name);
    if (existing) return existing;
    const created = consumerGroup({
      partitions,
      logOf,
      schedule,
      onRejected,
      onHandled: (places) => places.forEach(trim),
    });
    groups.set(name, created);
    return created;
  }

  const create = ({ name, compacted }: TopicSpec): void => {
    if (!topics.has(name))
      topics.set(
        name,
        Array.from({ length: partitions }, () => partitionLog(compacted)),
      );
  };

  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

  return {
    createTopics: async (specs) => specs.forEach(create),
    publish: async (messages) => {
      const written = new Set(messages.map(({ topic }) => topic));
      for (const topic of written) logsOf(topic); // all or nothing
      for (const message of messages) append(message.topic, recordOf(message));
      wake(written);
    },
    append: (topic, record) => {
      append(topic, record);
      wake(new Set([topic]));
    },
    consume: async (subscription, handle) => {
      for (const topic of subscription.topics) logsOf(topic);
      return groupOf(subscription.group).join(subscription, handle);
    },
    read: async ({ topic, partition, offset }) => {
      const [record] = logOf(topic, partition).read(Number(offset), 1);
      if (record?.offset !== Number(offset)) return undefined;
      const headers = Object.entries(record.headers).map(([name, text]) => [name, Buffer.from(text)]);
      const key = record.key === null ? null : Buffer.from(record.key);
      return { key, headers: Object.fromEntries(headers), value: record.value };
    },
    lag: async (group, names) =>
      sum(
        names.flatMap((topic) =>
          logsOf(topic).map((log, partition) => log.remaining(groups.get(group)?.position({ topic, partition }) ?? 0)),
        ),
      ),
    check: async () => {},
    close: async () => {},
    get size() {
      return sum([...topics.values()].flatMap((logs) => logs.map((log) => log.remaining(0))));
    },
  };
}

/** As every reader of the port gets it. */
export const recordOf = ({ key, headers, value }: OutgoingMessage): LogRecord => ({
  key,
  headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, header.toString('utf8')])),
  value: typeof value === 'string' ? Buffer.from(value) : value,
});

const inTurns: Scheduler = (run, why) => {
  if (why === 'work') setImmediate(run);
  else setTimeout(run, RETRY_PAUSE_MS);
};
