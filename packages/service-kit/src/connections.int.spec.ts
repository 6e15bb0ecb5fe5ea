import { testDatabase } from '@saga/testkit/infrastructure';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { commonConfig, readConfig } from './config.ts';
import { openConnections } from './connections.ts';
import { isTransient } from './faults.ts';
import { memoryBroker } from './memory-broker.ts';
import type { ServiceDefinition } from './service.ts';

const definition: ServiceDefinition = {
  name: 'product',
  port: 0,
  config: {},
  createClient: () => ({ $disconnect: async () => {} }),
  build: () => {
    throw new Error('only its connections are opened');
  },
};

const KILL_THE_OTHERS = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()`;

const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

it('a database that closes its connections ends a transaction with a fault that may pass, and no process', async () => {
  await using opened = new AsyncDisposableStack();
  const { database } = await openConnections(definition, {
    config: readConfig(commonConfig(0), { DATABASE_URL: await testDatabase('product') }),
    broker: memoryBroker({ partitions: 1 }),
    logger: pino({ level: 'silent' }),
    opened,
  });
  const cut = database.transaction(async (sql) => {
    await sql.query('SELECT 1');
    await database.query('SELECT 1');
    const open = sockets();
    await database.query(KILL_THE_OTHERS);
    await expect.poll(sockets).toBeLessThan(open); // between two statements the connection is lost
    return sql.query('SELECT 1');
  });
  await expect(cut).rejects.toSatisfy(isTransient);
  expect(await database.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
});
