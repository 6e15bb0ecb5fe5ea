import { decode, encode, type ReceivedMessage } from '@saga/messages/codec';
import { describe, expect, test } from 'vitest';
import { deadLetter } from './dead-letter.ts';
import { deadLetterReason } from './delivery.ts';

const now = new Date('2026-01-31T12:00:00Z');
const reason = { code: 'NOT_JSON', message: 'Unexpected end of JSON input' };
const MAX_MESSAGE_BYTES = 900_000;

const received = (what: Partial<ReceivedMessage>): ReceivedMessage => ({
  topic: 'order-created',
  partition: 3,
  offset: '42',
  key: 'saga-1',
  headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' },
  value: Buffer.from('{'),
  ...what,
});

const letterOf = (what: Partial<ReceivedMessage>, why = reason) =>
  deadLetter('orchestrator', { received: received(what), reason: why }, now);

describe('a dead letter', () => {
  test('tells what lay where, unchanged, and why it could not be handled', () => {
    expect(letterOf({})).toMatchObject({
      topic: 'dead-letter',
      key: 'saga-1',
      envelope: { source: '/orchestrator', subject: 'saga-1', traceparent: received({}).headers.traceparent },
      body: {
        topic: 'order-created',
        partition: 3,
        offset: '42',
        key: 'saga-1',
        headers: received({}).headers,
        value: Buffer.from('{').toString('base64'),
        service: 'orchestrator',
        error: reason,
        failedAt: now.toISOString(),
      },
    });
  });

  test('is the same one, however often its message is delivered', () => {
    const again = deadLetter('orchestrator', { received: received({}), reason }, new Date());
    expect(again.envelope.id).toBe(letterOf({}).envelope.id);
    expect(letterOf({ offset: '43' }).envelope.id).not.toBe(again.envelope.id);
  });

  test('is another one for another message in the same place: its topic was made anew', () => {
    expect(letterOf({ value: Buffer.from('{}') }).envelope.id).not.toBe(letterOf({}).envelope.id);
  });

  test.each([
    ['no key and no value', { key: null, value: null }],
    ['an empty key', { key: '' }],
    ['bytes that are no text', { value: Buffer.from([0xff, 0xfe, 0x00]) }],
    ['U+0000 in its key and its headers', { key: 'a\u0000b', headers: { 'x\u0000': '\u0000' } }],
    [
      'a key, headers and a value as large as a broker takes',
      { key: '\u0001'.repeat(300_000), headers: { x: '\u0001'.repeat(300_000) }, value: Buffer.alloc(1_000_000) },
    ],
    [
      'a value just small enough to be kept',
      { value: Buffer.alloc(512 * 1_024), headers: { x: '\u0001'.repeat(2_000) } },
    ],
  ])('can be published and read for a message with %s', (_what, parts) => {
    const { topic, key, headers, value } = encode(letterOf(parts, { ...reason, message: '\u0000'.repeat(1_000_000) }));
    expect(Buffer.byteLength(key + value + JSON.stringify(headers))).toBeLessThan(MAX_MESSAGE_BYTES);
    const read = decode({ topic, key, headers, value: Buffer.from(value), partition: 0, offset: '0' });
    expect(read).toMatchObject({ ok: true });
  });

  test('can be read when its reason is cut in the middle of a character, or came with half of one', () => {
    const messages = ['🖊'.repeat(10_000), `a${'🖊'.repeat(10_000)}`, '\ud83d'];
    for (const message of messages) expect(deadLetterReason('X', message).message.isWellFormed()).toBe(true);
  });

  test('says what it had to leave out', () => {
    const { body } = letterOf({ value: Buffer.alloc(1_000_000) });
    expect(body).toMatchObject({
      key: 'saga-1',
      value: null,
      error: { message: expect.stringContaining('its value') },
    });
  });
});
