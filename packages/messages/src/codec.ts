import { z } from 'zod';
import type { Envelope, Message } from './message.ts';
import { type Body, isCommandTopic, isCompensationTopic, isFactTopic, isTopic, type Topic, topics } from './topics.ts';
import { TRACEPARENT } from './traceparent.ts';
import { text, time, uuid } from './values.ts';

/** A message as a broker carries it. `topic` is the unprefixed name. */
export type WireMessage = { topic: string; key: string; headers: Record<string, string>; value: string };

/** What arrived may be anything: the key or the value may be missing, and bytes need not be text. */
export type ReceivedMessage = {
  topic: string;
  partition: number;
  offset: string;
  key: string | null;
  headers: Record<string, string>;
  value: Buffer | null;
};

export type UnreadableCode =
  | 'UNKNOWN_TOPIC'
  | 'EMPTY'
  | 'NOT_JSON'
  | 'NUL_CHARACTER'
  | 'BAD_HEADERS'
  | 'UNKNOWN_VERSION'
  | 'BAD_BODY'
  | 'BAD_KEY';

export type Decoded = { ok: true; message: Message } | { ok: false; code: UnreadableCode; reason: string };

const SCHEMA_VERSION = '1';

/** On every message. */
const envelopeHeaders = z.object({
  ce_id: uuid,
  ce_type: z.string(),
  ce_specversion: z.literal('1.0'),
  ce_source: text.min(1),
  ce_time: time,
  ce_subject: text.min(1),
  traceparent: z.string().regex(TRACEPARENT),
});
const attempt = z.coerce.number().int().min(1);

/** On what was announced: how often. Nobody asked for it, so that there is no command to name. */
const announcementHeaders = envelopeHeaders.extend({ attempt: attempt.optional() });

/** On a command and on the fact that answers it: that is how a reply finds its step. */
const exchangeHeaders = envelopeHeaders.extend({ commandid: uuid, step: text.min(1), attempt });

/** On a compensation: what it undoes. */
const compensationHeaders = exchangeHeaders.extend({ actionid: uuid });

type Headers = z.infer<typeof envelopeHeaders> & Partial<z.infer<typeof compensationHeaders>>;

function headersOf(topic: Topic): z.ZodType<Headers> {
  if (isCompensationTopic(topic)) return compensationHeaders;
  return isCommandTopic(topic) || isFactTopic(topic) ? exchangeHeaders : announcementHeaders;
}

/** The headers and body as the contract lays them down. Pure; never fails for a typed message. */
export const encode = (message: Message): WireMessage => ({
  topic: message.topic,
  key: message.key,
  headers: encodeEnvelope(message.topic, message.envelope),
  value: JSON.stringify(message.body),
});

function encodeEnvelope(topic: Topic, envelope: Envelope): Record<string, string> {
  const wire: Record<string, string> = {
    ce_id: envelope.id,
    ce_type: topic,
    ce_source: envelope.source,
    ce_specversion: '1.0',
    'content-type': 'application/json',
    ce_time: envelope.time,
    ce_subject: envelope.subject,
    traceparent: envelope.traceparent,
    schemaversion: SCHEMA_VERSION,
  };
  if (envelope.commandId !== undefined) wire.commandid = envelope.commandId;
  if (envelope.step !== undefined) wire.step = envelope.step;
  if (envelope.attempt !== undefined) wire.attempt = String(envelope.attempt);
  if (envelope.actionId !== undefined) wire.actionid = envelope.actionId;
  return wire;
}

/** Reads what arrived, or says in a sentence why it cannot be read. Total: it never throws (trap 9). */
export function decode(received: ReceivedMessage): Decoded {
  const { topic } = received;
  if (!isTopic(topic)) return unreadable('UNKNOWN_TOPIC', `there is no topic ${topic}`);
  if (received.value === null || received.key === null) return unreadable('EMPTY', 'a message needs a key and a value');
  const text = received.value.toString('utf8');
  if (hasNul(text)) return unreadable('NUL_CHARACTER', 'U+0000 cannot be stored');
  const version = received.headers.schemaversion;
  if (version !== undefined && majorOf(version) !== SCHEMA_VERSION)
    return unreadable('UNKNOWN_VERSION', `schemaversion ${version} is not ${SCHEMA_VERSION}`);
  const envelope = headersOf(topic).safeParse(received.headers);
  if (!envelope.success) return unreadable('BAD_HEADERS', explain(envelope.error));
  const misfit = misfitOf(topic, envelope.data);
  if (misfit !== undefined) return unreadable('BAD_HEADERS', misfit);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return unreadable('NOT_JSON', error instanceof Error ? error.message : 'not JSON');
  }
  const body = topics[topic].safeParse(json);
  if (!body.success) return unreadable('BAD_BODY', explain(body.error));
  const { data } = envelope;
  const { data: content } = body;
  // The key decides the partition, and with it who handles the message and in which order.
  const id = idOf(topic, content);
  if (id !== undefined && id !== received.key.toLowerCase())
    return unreadable('BAD_KEY', `the key ${received.key} is not the id ${id} of what the message is about`);
  // The one place where a body's type is tied to its topic: the schema just checked it.
  const message = {
    topic,
    key: id ?? received.key,
    envelope: {
      id: data.ce_id,
      source: data.ce_source,
      time: data.ce_time,
      subject: data.ce_subject,
      traceparent: data.traceparent,
      commandId: data.commandid,
      step: data.step,
      attempt: data.attempt,
      actionId: data.actionid,
    },
    body: content,
  } as Message;
  return { ok: true, message };
}

function misfitOf(topic: Topic, { ce_type, ce_id, commandid }: Headers): string | undefined {
  if (ce_type !== topic) return `ce_type ${ce_type} is not the topic's name`;
  if (isCommandTopic(topic) && ce_id !== commandid) return 'a command is known by its command id: ce_id is another';
  return undefined;
}

/** What a message must be keyed by: its order, or the thing whose state it tells. */
function idOf(topic: Topic, body: Body<Topic>): string | undefined {
  if ('orderId' in body) return body.orderId;
  if (topic === 'product-changed' && 'productId' in body) return String(body.productId);
  if (topic === 'account-changed' && 'userId' in body) return String(body.userId);
  if (topic === 'coupon-changed' && 'couponId' in body) return String(body.couponId);
  return undefined;
}

const unreadable = (code: UnreadableCode, reason: string): Decoded => ({ ok: false, code, reason });
const majorOf = (version: string): string => version.split('.', 1)[0] ?? version;
const ESCAPED_NUL = /(?<!\\)(?:\\\\)*\\u0000/;
const hasNul = (text: string): boolean => text.includes('\u0000') || (text.includes('u0000') && ESCAPED_NUL.test(text));

const explain = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'message'}: ${issue.message}`).join('; ');
