import type { OutgoingMessage } from '../broker.ts';
import { Unavailable } from '../faults.ts';
import { naturalBatch } from '../natural-batch.ts';
import { BrokerRefusal, type Producer } from './kafka-client.ts';
import { lazyConnection } from './lazy-connection.ts';

export type Publisher = {
  publish(messages: readonly OutgoingMessage[]): Promise<void>;
  /** Sends what was handed in, then disconnects. */
  close(): Promise<void>;
};

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

/** What a broker says of records that it will never take: its limits may be lower than ours. */
const UNTAKEABLE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'INVALID_RECORD']);
/** What it says of a topic, until a person mends it. */
const TOPIC_REFUSED = new Set(['TOPIC_AUTHORIZATION_FAILED', 'INVALID_TOPIC_EXCEPTION']);

type Calls = readonly (readonly OutgoingMessage[])[];
/** Why the broker refused what one call published; undefined where it took all of it. */
type Refusal = Error | undefined;

/**
 * Exactly one send is under way; what is published meanwhile shares the next one. Not idempotent in Kafka's sense:
 * whoever reads knows a doubled message by its id.
 *
 * When a send fails after the client's own retries, nothing of its batch is sent after it, and every call in the batch
 * rejects: repeated by their callers, messages of one key keep their order. What the broker is there for and refuses is
 * found by sending call by call: it is the fault of the call that published it, and of no other.
 */
export function createPublisher(createProducer: () => Producer): Publisher {
  const connection = lazyConnection(createProducer);

  async function send(messages: readonly OutgoingMessage[]): Promise<void> {
    for (const each of sendsOf(messages)) await connection.use((producer) => producer.send(each));
  }

  async function refusalOf(messages: readonly OutgoingMessage[]): Promise<Refusal> {
    try {
      await send(messages);
      return undefined;
    } catch (error) {
      const refusal = asRefusal(error);
      if (refusal === undefined) throw error;
      return refusal;
    }
  }

  async function sendCalls(calls: Calls): Promise<Refusal[]> {
    const refusal = await refusalOf(calls.flat());
    if (refusal === undefined || calls.length === 1) return calls.map(() => refusal);
    const refusals: Refusal[] = [];
    for (const call of calls) refusals.push(await refusalOf(call));
    return refusals;
  }

  const sending = naturalBatch<readonly OutgoingMessage[], Refusal>({ maxBatch: MAX_CALLS, work: sendCalls });

  return {
    publish: async (messages) => {
      const tooLarge = messages.find((message) => bytesOf(message) > MAX_SEND_BYTES);
      // Its own caller's fault alone: in a batch it would fail the others with it, again and again.
      if (tooLarge) throw new RangeError(`a message for ${tooLarge.topic} has more than ${MAX_SEND_BYTES} bytes`);
      if (sending.waiting >= MAX_WAITING_CALLS) throw new Unavailable('too much waits to be published');
      if (messages.length === 0) return;
      const refusal = await sending.submit(messages);
      if (refusal !== undefined) throw refusal;
    },
    close: async () => {
      await sending.idle();
      await connection.close();
    },
  };
}

/** The broker's answer as {@link Broker.publish} tells it; undefined where it may take it another time. */
function asRefusal(error: unknown): Refusal {
  if (!(error instanceof BrokerRefusal)) return undefined;
  if (error.errors.some((name) => UNTAKEABLE.has(name)))
    return new RangeError(`the broker takes no such record: ${error.message}`);
  return error.errors.some((name) => TOPIC_REFUSED.has(name)) ? error : undefined;
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
