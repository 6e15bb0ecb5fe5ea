import { describe, expect, test } from 'vitest';
import { sendsOf } from './publisher.ts';

const message = (value: string) => ({ topic: 'topic', key: 'a', headers: { ce_id: '1' }, value });

describe('splitting what is published into sends', () => {
  test('a send has at most a thousand messages, in order', () => {
    const messages = Array.from({ length: 2_500 }, (_, number) => message(String(number)));
    const sends = sendsOf(messages);
    expect(sends.map((send) => send.length)).toEqual([1_000, 1_000, 500]);
    expect(sends.flat()).toEqual(messages);
  });

  test('a send stays below what a broker takes as one record batch', () => {
    const sends = sendsOf(Array.from({ length: 10 }, () => message('ö'.repeat(100_000))));
    expect(sends.map((send) => send.length)).toEqual([4, 4, 2]);
  });

  test('nothing makes no send', () => {
    expect(sendsOf([])).toEqual([]);
  });
});
