import { describe, expect, test } from 'vitest';
import { decode, encode, type ReceivedMessage, type WireMessage } from './codec.ts';
import type { Message } from './message.ts';

const ORDER_ID = '01980000-0000-7000-8000-000000000001';
const COMMAND_ID = '5f9a1f64-64a5-5e7b-8f1c-0d4b1b0e6a12';

const envelope = {
  id: COMMAND_ID,
  source: '/orchestrator',
  time: '2026-03-01T09:00:00.000Z',
  subject: ORDER_ID,
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
};
const deduct: Message<'deduct-balance-command'> = {
  topic: 'deduct-balance-command',
  key: ORDER_ID,
  envelope: { ...envelope, commandId: COMMAND_ID, step: 'balance', attempt: 1 },
  body: { orderId: ORDER_ID, userId: 1, amount: 100 },
};
const productChanged: Message<'product-changed'> = {
  topic: 'product-changed',
  key: '6',
  envelope,
  body: { productId: 6, name: 'pen', price: 300, version: 1 },
};

const received = ({ topic, key, headers, value }: WireMessage): ReceivedMessage => ({
  topic,
  key,
  headers,
  value: Buffer.from(value),
  partition: 0,
  offset: '0',
});
const withHeaders = (changes: Record<string, string | undefined>) => {
  const wire = encode(deduct);
  const headers = Object.entries({ ...wire.headers, ...changes }).filter((entry) => entry[1] !== undefined);
  return decode(received({ ...wire, headers: Object.fromEntries(headers) as Record<string, string> }));
};
const withValue = (value: string) => decode(received({ ...encode(deduct), value }));

describe('a message', () => {
  test('is read as it was written', () => {
    const decoded = decode(received(encode(deduct)));
    expect(decoded).toMatchObject({ ok: true, message: deduct });
  });

  test('may carry fields and headers that this reader does not know', () => {
    expect(withValue(JSON.stringify({ ...deduct.body, since: 'tomorrow' })).ok).toBe(true);
    expect(withHeaders({ 'x-new': '1', schemaversion: '1.7' }).ok).toBe(true);
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['a command that does not name itself', { commandid: undefined }],
    ['a command of no step', { step: undefined }],
    ['a command whose sending is not numbered', { attempt: undefined }],
    ['a command under another id than its own', { ce_id: ORDER_ID }],
    ['a type that is not the topic', { ce_type: 'use-coupon-command' }],
    ['another version of CloudEvents', { ce_specversion: '0.3' }],
    ['no trace', { traceparent: undefined }],
  ])('is not read with %s', (_name, changes) => {
    expect(withHeaders(changes)).toMatchObject({ ok: false, code: 'BAD_HEADERS' });
  });

  test('is not read from another version of the schema', () => {
    expect(withHeaders({ schemaversion: '2' })).toMatchObject({ ok: false, code: 'UNKNOWN_VERSION' });
  });

  test('that undoes has to say what', () => {
    const undo = encode({ ...deduct, topic: 'refund-balance-command', body: { orderId: ORDER_ID } });
    expect(decode(received(undo))).toMatchObject({
      ok: false,
      code: 'BAD_HEADERS',
      reason: expect.stringContaining('actionid'),
    });
  });

  test.each([
    ['not JSON', '{', 'NOT_JSON'],
    ['a character that cannot be stored', '{"orderId":"\\u0000"}', 'NUL_CHARACTER'],
    ['a body that its schema refuses', '{}', 'BAD_BODY'],
  ])('is not read with %s', (_name, value, code) => {
    expect(withValue(value)).toMatchObject({ ok: false, code });
  });

  test('is not read with half of a surrogate pair, wherever it holds text: nothing could be read out of it (trap 9)', () => {
    const read = (message: Message, half: string) => {
      const wire = encode(message);
      return decode(received({ ...wire, value: wire.value.replace('pen', half) }));
    };
    const failed = {
      ...deduct,
      topic: 'balance-deducted',
      body: { orderId: ORDER_ID, outcome: 'failed', reason: { code: 'HANDLER_FAILED', message: 'pen' } },
    } as Message;
    const halved = { ok: false, code: 'BAD_BODY', reason: expect.stringContaining('half of a surrogate pair') };
    for (const message of [productChanged, failed]) {
      expect(read(message, '\\ud83d')).toMatchObject(halved);
      expect(read(message, '\\uDD8A')).toMatchObject(halved);
      expect(read(message, '\\ud83d\\udd8a').ok).toBe(true);
      expect(read(message, '\\\\ud83d').ok).toBe(true);
    }
  });

  test('is keyed by what it is about', () => {
    expect(decode({ ...received(encode(deduct)), key: COMMAND_ID })).toMatchObject({ ok: false, code: 'BAD_KEY' });
    expect(decode(received(encode(productChanged))).ok).toBe(true);
    expect(decode({ ...received(encode(productChanged)), key: '7' })).toMatchObject({ ok: false, code: 'BAD_KEY' });
  });
});

describe('the headers', () => {
  test('of a state are its envelope, and nothing of an exchange', () => {
    expect(encode(productChanged).headers).toEqual({
      ce_id: COMMAND_ID,
      ce_type: 'product-changed',
      ce_source: '/orchestrator',
      ce_specversion: '1.0',
      ce_time: envelope.time,
      ce_subject: ORDER_ID,
      'content-type': 'application/json',
      traceparent: envelope.traceparent,
      schemaversion: '1',
    });
  });

  test.each<[string, Message]>([
    [
      'what is undone',
      {
        ...deduct,
        topic: 'refund-balance-command',
        body: { orderId: ORDER_ID },
        envelope: { ...deduct.envelope, actionId: ORDER_ID },
      } as Message,
    ],
    ['how often it was announced', { ...productChanged, envelope: { ...envelope, attempt: 2 } }],
  ])('carry %s', (_what, message) => {
    expect(decode(received(encode(message)))).toEqual({ ok: true, message });
  });
});

describe('what cannot be read is told', () => {
  const read = (message: Message, changes: Partial<ReceivedMessage>) =>
    decode({ ...received(encode(message)), ...changes });
  const accountChanged = {
    ...productChanged,
    topic: 'account-changed',
    body: { userId: 6, publicId: 'ada', version: 1 },
  } as Message;
  const couponChanged = {
    ...productChanged,
    topic: 'coupon-changed',
    body: { couponId: 6, userId: 1, discountAmount: 1, expiresAt: null, version: 1 },
  } as Message;

  test.each([
    ['UNKNOWN_TOPIC', 'there is no topic nowhere', deduct, { topic: 'nowhere' }],
    ['EMPTY', 'a message needs a key and a value', deduct, { key: null }],
    ['EMPTY', 'a message needs a key and a value', deduct, { value: null }],
    ['NUL_CHARACTER', 'U+0000 cannot be stored', deduct, { value: Buffer.from('"\u0000"') }],
    ['BAD_KEY', 'the key 9 is not the id 6 of what the message is about', productChanged, { key: '9' }],
    ['BAD_KEY', 'the key 9 is not the id 6 of what the message is about', accountChanged, { key: '9' }],
    ['BAD_KEY', 'the key 9 is not the id 6 of what the message is about', couponChanged, { key: '9' }],
  ] as const)('%s: %s', (code, reason, message, changes) => {
    expect(read(message, changes)).toEqual({ ok: false, code, reason });
  });

  test.each([
    ['UNKNOWN_VERSION', 'schemaversion 2.0 is not 1', { schemaversion: '2.0' }],
    ['UNKNOWN_VERSION', 'schemaversion 10 is not 1', { schemaversion: '10' }],
    ['BAD_HEADERS', "ce_type use-coupon-command is not the topic's name", { ce_type: 'use-coupon-command' }],
    ['BAD_HEADERS', 'a command is known by its command id: ce_id is another', { ce_id: ORDER_ID }],
  ])('%s: %s', (code, reason, changes) => {
    expect(withHeaders(changes)).toEqual({ ok: false, code, reason });
  });
});

test('a key written in capitals is the same key, and no version is the first', () => {
  const order = deduct.key.replaceAll('0', 'A').toLowerCase();
  const wire = encode({ ...deduct, key: order.toUpperCase(), body: { ...deduct.body, orderId: order } });
  expect(decode(received(wire))).toMatchObject({ ok: true, message: { key: order } });
  expect(withHeaders({ schemaversion: undefined }).ok).toBe(true);
});
