import { logLevel } from 'kafkajs';
import { describe, expect, test } from 'vitest';
import { levelOf } from './log-creator.ts';

describe("kafkajs' lines in our log", () => {
  test.each([
    [logLevel.WARN, 'The group is rebalancing, re-joining', 'info'],
    [logLevel.ERROR, 'Response Heartbeat(key: 12, version: 3)', 'debug'],
    [logLevel.ERROR, 'The coordinator is not aware of this member, re-joining the group', 'info'],
    [logLevel.INFO, 'Consumer has joined the group', 'info'],
    [logLevel.INFO, 'Starting', 'debug'],
    [logLevel.ERROR, 'Crash: KafkaJSNonRetriableError: Connection error: connect ECONNREFUSED', 'debug'],
    [logLevel.ERROR, 'Connection error: connect ECONNREFUSED 127.0.0.1:9092', 'warn'],
    [logLevel.ERROR, 'Failed to send messages: This server is not the leader for that topic-partition', 'warn'],
    [logLevel.DEBUG, 'Request Fetch(key: 1, version: 11)', 'trace'],
  ] as const)('%i "%s" is said at %s', (level, text, expected) => {
    expect(levelOf(level, text)).toBe(expected);
  });
});
