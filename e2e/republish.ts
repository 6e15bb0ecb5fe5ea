import { randomUUID } from 'node:crypto';
import type { Message } from 'kafkajs';
import { type DeadLetter, type Place, placeOf } from './all-well.ts';
import type { Subscription } from './consumers.ts';
import { kafkaOf, type Messaging, type StoredMessage } from './topics.ts';

/** A broker refuses more than a megabyte at once. */
const AT_ONCE = 300;

type Group = { topic: string; messages: Message[] };

/** Appends groups of messages; tells where the first of each stands. */
async function append(messaging: Messaging, groups: readonly Group[]): Promise<Place[]> {
  const producer = kafkaOf(messaging).producer();
  await producer.connect();
  try {
    const places: Place[] = [];
    for (const { topic, messages } of groups) {
      const [first] = await producer.send({ topic: `${messaging.topicPrefix}${topic}`, messages });
      if (first?.baseOffset === undefined) throw new Error(`Kafka does not say where the messages of ${topic} stand`);
      places.push({ topic, partition: first.partition, offset: first.baseOffset });
    }
    return places;
  } finally {
    await producer.disconnect();
  }
}

const after = ({ offset, ...place }: Place, by: number): Place => ({
  ...place,
  offset: String(BigInt(offset) + BigInt(by)),
});

/**
 * Publishes messages a second time, as they are, each in its partition.
 *
 * @returns the dead letters that the copies of unreadable ones must become.
 */
export async function publishAgain(
  messaging: Messaging,
  messages: readonly StoredMessage[],
  unreadable: readonly DeadLetter[],
): Promise<DeadLetter[]> {
  const chunks = [...Map.groupBy(messages, ({ topic, partition }) => `${topic}/${partition}`).values()].flatMap(
    (group) =>
      Array.from({ length: Math.ceil(group.length / AT_ONCE) }, (_, n) => group.slice(n * AT_ONCE, (n + 1) * AT_ONCE)),
  );
  const places = await append(
    messaging,
    chunks.map((chunk) => ({
      topic: chunk[0]?.topic ?? '',
      messages: chunk.map(({ key, value, headers, partition }) => ({ key, value, headers, partition })),
    })),
  );
  const letters = Map.groupBy(unreadable, placeOf);
  return chunks.flatMap((chunk, index) =>
    chunk.flatMap((message, by) =>
      (letters.get(placeOf(message)) ?? []).map((letter) => ({ ...letter, ...after(places[index] as Place, by) })),
    ),
  );
}

/** What nobody can read, one kind after the other, and the code that its dead letter must have. */
const POISON: readonly { code: string; message: (headers: Record<string, string>) => Omit<Message, 'key'> }[] = [
  { code: 'NOT_JSON', message: (headers) => ({ headers, value: 'this is not JSON' }) },
  { code: 'BAD_BODY', message: (headers) => ({ headers, value: '{}' }) },
  { code: 'NUL_CHARACTER', message: (headers) => ({ headers, value: '{"name":"\u0000"}' }) },
  { code: 'UNKNOWN_VERSION', message: (headers) => ({ headers: { ...headers, schemaversion: '2' }, value: '{}' }) },
  { code: 'EMPTY', message: (headers) => ({ headers, value: null }) },
];

/** All headers that any kind of message must have: only the value is at fault. */
function headersOf(topic: string): Record<string, string> {
  const id = randomUUID();
  return {
    ce_id: id,
    ce_type: topic,
    ce_source: '/e2e',
    ce_specversion: '1.0',
    'content-type': 'application/json',
    ce_time: new Date().toISOString(),
    ce_subject: id,
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    schemaversion: '1',
    commandid: id,
    step: 'product',
    attempt: '1',
    actionid: id,
  };
}

/**
 * Puts a message of each unreadable kind on every topic that somebody listens to.
 *
 * @returns the dead letters that must come of it: one for each service that listens.
 */
export async function poison(messaging: Messaging, all: readonly Subscription[]): Promise<DeadLetter[]> {
  const listeners = Map.groupBy(
    all.flatMap(({ service, topics }) => topics.map((topic) => ({ service, topic }))),
    ({ topic }) => topic,
  );
  const topics = [...listeners.keys()];
  const places = await append(
    messaging,
    topics.map((topic) => {
      const key = randomUUID();
      return { topic, messages: POISON.map(({ message }) => ({ key, ...message(headersOf(topic)) })) };
    }),
  );
  return places.flatMap((place) =>
    (listeners.get(place.topic) ?? []).flatMap(({ service }) =>
      POISON.map(({ code }, by) => ({ service, code, ...after(place, by) })),
    ),
  );
}
