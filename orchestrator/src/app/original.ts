import { isUtf8 } from 'node:buffer';
import { deadLetterId } from '@saga/messages/ids';
import { allTopics, isStateTopic, isTopic } from '@saga/messages/topics';
import type { Broker, OutgoingMessage, StoredRecord } from '@saga/service-kit/broker';
import type { DeadLetter, HeaderValue, Original } from './dead-letters.ts';

/**
 * Of a state topic compaction keeps the last record of each key, which must stay the newest (trap 14): what failed there
 * may be older than what was published since, so that it never goes there again.
 */
export const redrivableTopics = allTopics.filter((topic) => !isStateTopic(topic));

/** What the broker's port takes of one message; what is larger was written by no service of ours. */
const MAX_BYTES = 850_000;

/** The message as it was published, or why it cannot be had or be published again, in a sentence. */
export type FoundOriginal = { original: Original } | { why: string };

const EMPTY = 'it has no key or no value: no service can ever read it';

/** From the row if all of it stands there, else from where it lay, for as long as the broker keeps it. */
export async function originalOf(letter: DeadLetter, broker: Pick<Broker, 'read'>): Promise<FoundOriginal> {
  const { topic, partition, offset, key, headers, value } = letter;
  if (!isTopic(topic)) return { why: `there is no topic ${topic}` };
  if (isStateTopic(topic)) return { why: `on ${topic} it could come behind a newer version of the same thing` };
  if (letter.isWhole) return key === null || value === null ? { why: EMPTY } : { original: { key, headers, value } };
  const record = await broker.read({ topic, partition, offset });
  if (!record)
    return { why: `only a part of it was kept here, and ${topic}/${partition} no longer has its offset ${offset}` };
  if (deadLetterId(letter.service, { topic, partition, offset, value: record.value }) !== letter.id)
    return {
      why: `only a part of it was kept here, and another message stands at ${topic}/${partition}/${offset} now`,
    };
  return originalFrom(record);
}

function originalFrom({ key, headers, value }: StoredRecord): FoundOriginal {
  if (key === null || value === null) return { why: EMPTY };
  if (!isUtf8(key) || key.includes(0)) return { why: 'its key is not text: no service can ever read it' };
  const named = Object.entries(headers).map(([name, header]) => [name, headerOf(header)] as const);
  const original = { key: key.toString(), headers: Object.fromEntries(named), value };
  const bytes = value.length + key.length + Buffer.byteLength(JSON.stringify(original.headers));
  if (bytes > MAX_BYTES) return { why: `it has ${bytes} bytes, and more than ${MAX_BYTES} cannot be published` };
  return { original };
}

const headerOf = (bytes: Buffer): HeaderValue =>
  isUtf8(bytes) ? bytes.toString() : { base64: bytes.toString('base64') };

/** As the broker takes it: the bytes that were read are the bytes that are sent. */
export const outgoing = (topic: string, { key, headers, value }: Original): OutgoingMessage => ({
  topic,
  key,
  headers: Object.fromEntries(Object.entries(headers).map(([name, header]) => [name, wireHeader(header)])),
  value,
});

const wireHeader = (header: HeaderValue): string | Buffer =>
  typeof header === 'string' ? header : Buffer.from(header.base64, 'base64');
