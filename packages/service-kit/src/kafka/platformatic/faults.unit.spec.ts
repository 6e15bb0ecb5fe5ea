import { MultipleErrors, NetworkError, ProtocolError } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { brokerErrors, reasonOf } from './faults.ts';

const refused = (name: string) => new MultipleErrors('refused', [new ProtocolError(name)]);

test('what the broker answered is found in whatever it was wrapped, each name once', () => {
  const error = new MultipleErrors('produce failed 2 times.', [
    refused('NOT_LEADER_OR_FOLLOWER'),
    refused('NOT_LEADER_OR_FOLLOWER'),
    refused('MESSAGE_TOO_LARGE'),
  ]);
  expect(brokerErrors(error)).toEqual(['NOT_LEADER_OR_FOLLOWER', 'MESSAGE_TOO_LARGE']);
});

test('a connection that failed is no answer of the broker; it is told by what the system said', () => {
  const cause = new Error('connect ECONNREFUSED 127.0.0.1:1');
  const attempt = new NetworkError('Connection to 127.0.0.1:1 failed.', { cause });
  const error = new MultipleErrors('metadata failed 2 times.', [attempt, new MultipleErrors('again', [attempt])]);
  expect(brokerErrors(error)).toEqual([]);
  expect(reasonOf(error)).toBe('connect ECONNREFUSED 127.0.0.1:1');
});

test('what is no error of the library is told, too', () => {
  expect(reasonOf('odd')).toBe('odd');
  expect(reasonOf(new TypeError('undefined is not a function'))).toBe('undefined is not a function');
});
