import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, commonConfig, readConfig, secretsOf } from './config.ts';

const DATABASE_URL = 'postgresql://product:s3cret@localhost:5432/saga';
const shape = commonConfig(8082);

const faultsOf = (env: Record<string, string>): string[] => {
  try {
    readConfig(shape, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
};

describe('readConfig', () => {
  it('needs nothing but the database', () => {
    const config = readConfig(shape, { DATABASE_URL });
    expect(config).toMatchObject({ DATABASE_URL, PORT: 8082, HOST: '127.0.0.1', TOPIC_PREFIX: '', KAFKA_SSL: false });
    expect(config.KAFKA_BROKERS).toEqual(['localhost:9092']);
    expect(config.KAFKA_SASL_MECHANISM).toBeUndefined();
  });

  it('reads numbers, lists and truth values', () => {
    const config = readConfig(shape, { DATABASE_URL, PORT: '0', KAFKA_BROKERS: 'a:1, b:2', KAFKA_SSL: 'true' });
    expect(config).toMatchObject({ PORT: 0, KAFKA_BROKERS: ['a:1', 'b:2'], KAFKA_SSL: true });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(readConfig(shape, { DATABASE_URL, PORT: '', KAFKA_SASL_USERNAME: '' }).PORT).toBe(8082);
  });

  it('names every variable that is wrong, what is wrong and what is allowed, in one line each', () => {
    expect(faultsOf({ PARTITIONS: '0', PORT: '8o80', KAFKA_BROKERS: 'kafka', LOG_LEVEL: 'loud' })).toEqual([
      "DATABASE_URL is not set (The service's database: a URL of its own role)",
      'KAFKA_BROKERS is "kafka" and must be a comma-separated list of host:port (Where Kafka is: host:port, several separated by commas)',
      'PARTITIONS is "0" and must be a whole number from 1 to 1000 (Partitions of every topic that is created)',
      'PORT is "8o80" and must be a whole number from 0 to 65535 (The port to listen on; 0 means any free one)',
      'LOG_LEVEL is "loud" and must be one of fatal, error, warn, info, debug, trace, silent (The least important lines that are logged)',
    ]);
  });

  it.each(['1e3', '0x10', '-1', '1.5', '99999999999999999999'])('refuses the number %s', (PARTITIONS) => {
    expect(faultsOf({ DATABASE_URL, PARTITIONS })).toHaveLength(1);
  });

  it('does not repeat a secret', () => {
    const [line] = faultsOf({ DATABASE_URL: 'mysql://product:s3cret@localhost/saga' });
    expect(line).toMatch(/^DATABASE_URL must be a postgresql:\/\/ URL/);
    expect(line).not.toContain('s3cret');
  });
});

describe('commonConfig', () => {
  it.each(Object.entries(shape))('%s says what it is for', (_name, setting) => {
    expect(z.globalRegistry.get(setting)?.description).toBeTruthy();
  });

  it('knows its secrets', () => {
    const config = readConfig(shape, { DATABASE_URL, KAFKA_SASL_PASSWORD: 'hush', KAFKA_SASL_USERNAME: 'me' });
    expect(secretsOf(shape, config)).toEqual([DATABASE_URL, 'hush']);
  });
});
