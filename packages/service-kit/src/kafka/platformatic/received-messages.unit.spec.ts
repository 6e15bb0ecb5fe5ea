import { IS_CONTROL } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { receivedMessages } from './received-messages.ts';
import { recordsBatch } from './records-batch.fixture.ts';

const from = (next: bigint) => ({ topic: 'topic', partition: 3, next });

test('a record arrives with its place, its key and headers as text and its value as bytes', () => {
  const headers: [Buffer, Buffer][] = [[Buffer.from('traceparent'), Buffer.from('ü')]];
  const batch = recordsBatch([7], { key: Buffer.from('schlüssel'), value: Buffer.from([0xff]), headers });
  expect(receivedMessages([batch], from(7n)).messages).toEqual([
    {
      topic: 'topic',
      partition: 3,
      offset: '7',
      key: 'schlüssel',
      headers: { traceparent: 'ü' },
      value: Buffer.from([0xff]),
    },
  ]);
});

test('of a header that stands more than once the last one counts, and one without a value is none', () => {
  const name = Buffer.from('a');
  const twice: [Buffer, Buffer | null][] = [
    [name, Buffer.from('1')],
    [name, Buffer.from('2')],
  ];
  const headersOf = (headers: [Buffer, Buffer | null][]) =>
    receivedMessages([recordsBatch([0], { headers })], from(0n)).messages[0]?.headers;
  expect(headersOf(twice)).toEqual({ a: '2' });
  expect(headersOf([...twice, [name, null]])).toEqual({});
});

test('records before the position are passed over', () => {
  const { messages, next } = receivedMessages([recordsBatch([3, 4, 5])], from(5n));
  expect(messages.map(({ offset }) => offset)).toEqual(['5']);
  expect(next).toBe(6n);
});

test('it is read on behind what was compacted away, and behind the marks of transactions', () => {
  expect(receivedMessages([recordsBatch([3, 5], { lastOffsetDelta: 9 })], from(3n)).next).toBe(13n);
  expect(receivedMessages([recordsBatch([3], { attributes: IS_CONTROL })], from(3n))).toEqual({
    messages: [],
    next: 4n,
  });
});

test('offsets beyond what a double can count keep their last digit', () => {
  const batch = { ...recordsBatch([0, 1]), firstOffset: 9_007_199_254_740_993n };
  expect(receivedMessages([batch], from(0n)).messages.map(({ offset }) => offset)).toEqual([
    '9007199254740993',
    '9007199254740994',
  ]);
});
