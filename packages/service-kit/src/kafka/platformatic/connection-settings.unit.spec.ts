import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { Base } from '@platformatic/kafka';
import pino from 'pino';
import { expect, test } from 'vitest';
import type { KafkaLogin } from '../../kafka-login.ts';
import { connectionSettings, hearingEveryError } from './connection-settings.ts';

const options = { brokers: ['kafka-0:9092', 'kafka-1:9092'], clientId: 'order', logger: pino({ level: 'silent' }) };

test('without TLS and login, it says nothing of either', () => {
  const settings = connectionSettings({ ...options, ssl: false });
  expect(settings).toMatchObject({ clientId: 'order', bootstrapBrokers: ['kafka-0:9092', 'kafka-1:9092'] });
  expect(Object.keys(settings)).not.toEqual(expect.arrayContaining(['tls']));
  expect(Object.keys(settings)).not.toEqual(expect.arrayContaining(['sasl']));
});

test('over TLS, a broker is told under which name it was called, unless it was called by an address', () => {
  expect(connectionSettings({ ...options, ssl: true })).toMatchObject({ tls: {}, tlsServerName: true });
  const byAddress = { ...options, brokers: ['127.0.0.1:9092'], ssl: true };
  expect(connectionSettings(byAddress)).toMatchObject({ tls: {}, tlsServerName: false });
});

test.each<[KafkaLogin['mechanism'], string]>([
  ['plain', 'PLAIN'],
  ['scram-sha-256', 'SCRAM-SHA-256'],
  ['scram-sha-512', 'SCRAM-SHA-512'],
])('%s is called %s by Kafka', (mechanism, called) => {
  const sasl: KafkaLogin = { mechanism, username: 'order', password: 'secret' };
  expect(connectionSettings({ ...options, ssl: false, sasl }).sasl).toEqual({
    mechanism: called,
    username: 'order',
    password: 'secret',
  });
});

test('a connection that is cut while it logs in fails, and does not end the process', async () => {
  await using opened = new AsyncDisposableStack();
  const broker = createServer((socket) => socket.on('data', () => socket.resetAndDestroy())).listen(0, '127.0.0.1');
  opened.defer(() => void broker.close());
  await once(broker, 'listening');
  const brokers = [`127.0.0.1:${(broker.address() as AddressInfo).port}`];
  const sasl: KafkaLogin = { mechanism: 'plain', username: 'order', password: 'secret' };
  const client = hearingEveryError(new Base(connectionSettings({ ...options, brokers, ssl: false, sasl })));
  opened.defer(() => client.close());
  await expect(client.metadata({ topics: [] })).rejects.toThrow('Cannot connect to any broker');
});
