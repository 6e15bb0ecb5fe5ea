import type { Kafka, TopicMessages } from 'kafkajs';
import type { OutgoingMessage } from '../broker.ts';
import { Unavailable } from '../faults.ts';
import { naturalBatch } from '../natural-batch.ts';
import { partitionOf } from '../partition-of.ts';
import { RETRY } from './client.ts';
import { lazyConnection } from './lazy-connection.ts';

export type Publisher = {
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Sends what was handed in, then disconnects. */
  close(): Promise<void>;
};

export type PublisherOptions = { createClient: () => Kafka; topicPrefix: string };

/** Calls that share a batch, and those that may wait for the next one: more waiting is refused, not kept in memory. */
const MAX_CALLS = 1_000;
const MAX_WAITING_CALLS = 10_000;
const MAX_SEND_MESSAGES = 1_000;
/**
 * All messages of one partition travel as one record batch, which a broker refuses beyond its `message.max.bytes`
 * (1 MiB by default): if a whole send is smaller, each of its batches is.
 */
const MAX_SEND_BYTES = 900_000;
/** A record's lengths, offsets and timestamps. */
const RECORD_OVERHEAD_BYTES = 64;
const ACKNOWLEDGED_BY_ALL = -1;
const ACKNOWLEDGE_TIMEOUT_MS = 8_000;

/**
 * Exactly one send is under way; what is published meanwhile shares the next one. Not idempotent in Kafka's sense:
 * kafkajs' idempotent producer can acknowledge what was never written (tulios/kafkajs#1005), and whoever reads knows a
 * doubled message by its id.
 *
 * When a send fails after kafkajs' own retries, nothing of its batch is sent after it, and every call in the batch
 * rejects: repeated by their callers, messages of one key keep their order.
 */
export function createPublisher({ createClient, topicPrefix }: PublisherOptions): Publisher {
  const connection = lazyConnection(() =>
    createClient().producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      retry: RETRY,
      createPartitioner:
        () =>
        ({ partitionMetadata, message }) =>
          partitionOf(String(message.key), partitionMetadata.length),
    }),
  );

  const sending = naturalBatch<readonly OutgoingMessage[], void>({
    maxBatch: MAX_CALLS,
    work: async (calls) => {
      for (const send of sendsOf(calls.flat())) {
        const topicMessages = byTopic(send, topicPrefix);
        await connection.use((producer) =>
          producer.sendBatch({ acks: ACKNOWLEDGED_BY_ALL, timeout: ACKNOWLEDGE_TIMEOUT_MS, topicMessages }),
        );
      }
      return calls.map(() => undefined);
    },
  });

  return {
    publish: async (messages) => {
      const tooLarge = messages.find((message) => bytesOf(message) > MAX_SEND_BYTES);
      // Its own caller's fault alone: in a batch it would fail the others with it, again and again.
      if (tooLarge) throw new RangeError(`a message for ${tooLarge.topic} has more than ${MAX_SEND_BYTES} bytes`);
      if (sending.waiting >= MAX_WAITING_CALLS) throw new Unavailable('too much waits to be published');
      if (messages.length > 0) await sending.submit(messages);
    },
    close: async () => {
      await sending.idle();
      await connection.close();
    },
  };
}

/** Splits in order, so that each send is within both bounds. */
export function sendsOf(messages: readonly OutgoingMessage[]): OutgoingMessage[][] {
  const sends: OutgoingMessage[][] = [];
  let send: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = bytesOf(message);
    if (send.length > 0 && (send.length === MAX_SEND_MESSAGES || bytes + size > MAX_SEND_BYTES)) {
      sends.push(send);
      send = [];
      bytes = 0;
    }
    send.push(message);
    bytes += size;
  }
  if (send.length > 0) sends.push(send);
  return sends;
}

function bytesOf({ key, value, headers }: OutgoingMessage): number {
  let bytes = RECORD_OVERHEAD_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value);
  for (const name of Object.keys(headers)) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
  return bytes;
}

function byTopic(messages: readonly OutgoingMessage[], prefix: string): TopicMessages[] {
  const topics = Map.groupBy(messages, ({ topic }) => topic);
  return [...topics].map(([topic, group]) => ({
    topic: prefix + topic,
    messages: group.map(({ key, headers, value }) => ({ key, headers, value })),
  }));
}
