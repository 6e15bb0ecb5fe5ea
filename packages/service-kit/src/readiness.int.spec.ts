import { encode } from '@saga/messages/codec';
import { newOrderId } from '@saga/messages/ids';
import { testDatabase } from '@saga/testkit/infrastructure';
import { action } from '@saga/testkit/message-builders';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createPool, postgresDatabase } from './database.ts';
import { memoryBroker } from './memory-broker.ts';
import type { ServiceDefinition } from './service.ts';
import { startService } from './start-service.ts';

const PATIENCE = { timeout: 60_000 };

const balance: ServiceDefinition = {
  name: 'balance',
  port: 0,
  config: {},
  createClient: () => ({ $disconnect: async () => {} }),
  build: ({ database }) => ({
    routes: () => {},
    handler: {
      topics: ['deduct-balance-command'],
      lanes: 1,
      handle: async () => {
        await database.query('INSERT INTO inbox (id) VALUES (gen_random_uuid())');
        return { publish: [], dead: [], left: [] };
      },
      failed: () => [],
    },
  }),
};

test('a service whose messages wait for a right that it lacks is not ready, and says what to grant', async () => {
  const url = await testDatabase('balance');
  const pool = createPool({ url, maxConnections: 1, statementTimeoutMs: 30_000, connectTimeoutMs: 10_000 });
  const database = postgresDatabase(pool);
  const broker = memoryBroker({ partitions: 1 });
  const env = { DATABASE_URL: url, PORT: '0' };
  const service = await startService(balance, { env, broker, logger: pino({ level: 'silent' }) });
  await service.started;
  const ready = async () => (await service.app.inject('/health/ready')).statusCode;

  await expect.poll(ready, PATIENCE).toBe(200);
  await database.query('REVOKE INSERT ON inbox FROM CURRENT_USER');
  await broker.publish([encode(action('deduct-balance-command', { orderId: newOrderId(), userId: 1, amount: 1 }))]);
  await expect.poll(ready, PATIENCE).toBe(503);
  const { detail } = (await service.app.inject('/health/ready')).json();
  expect(detail).toMatch(/permission denied for table inbox.*grant/);
  await database.query('GRANT INSERT ON inbox TO CURRENT_USER');
  await expect.poll(ready, PATIENCE).toBe(200);
  await service.stop();
  await pool.end();
});
