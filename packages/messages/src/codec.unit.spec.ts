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

  test('is keyed by what it is about', () => {
    expect(decode({ ...received(encode(deduct)), key: COMMAND_ID })).toMatchObject({ ok: false, code: 'BAD_KEY' });
    expect(decode(received(encode(productChanged))).ok).toBe(true);
    expect(decode({ ...received(encode(productChanged)), key: '7' })).toMatchObject({ ok: false, code: 'BAD_KEY' });
  });
});
