import { createServer, type Server } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryBroker } from './memory-broker.ts';
import type { ServiceDefinition, ServiceParts } from './service.ts';
import { type RunningService, startService } from './start-service.ts';
import { wholeNumber } from './whole-number.ts';

/** Nothing listens on port 1: a database that is away. */
const AWAY = 'postgresql://shop:s3cret@127.0.0.1:1/shop';

const shop = (parts: Partial<ServiceParts> = {}) =>
  ({
    name: 'shop',
    port: 0,
    config: { SHELVES: wholeNumber(1, 9).default(3).describe('How many shelves') },
    createClient: () => ({ $disconnect: async () => {} }),
    build: ({ config }) => ({
      handler: {
        topics: ['order-created'],
        lanes: 1,
        handle: async () => ({ publish: [], dead: [], left: [] }),
        failed: () => [],
      },
      routes: (app) => app.get('/shelves', async () => ({ shelves: config.SHELVES })),
      ...parts,
    }),
  }) satisfies ServiceDefinition;

let running: RunningService | undefined;
let lines: string[] = [];
afterEach(async () => {
  await running?.stop();
  running = undefined;
  lines = [];
});

const start = async (parts?: Partial<ServiceParts>, env: NodeJS.ProcessEnv = {}): Promise<RunningService> => {
  running = await startService(shop(parts), {
    env: { DATABASE_URL: AWAY, ...env },
    broker: memoryBroker({ partitions: 1 }),
    logger: pino({}, { write: (line: string) => lines.push(line) }),
  });
  return running;
};

describe('a service whose database is away', () => {
  it('lives and answers, but is not ready and says why', async () => {
    const { url } = await start();
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
    expect(await (await fetch(`${url}/shelves`)).json()).toEqual({ shelves: 3 });
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toMatch(/the service waits for the database; the database is away \(.*ECONNREFUSED/);
  });

  it('waits for it, with a line', async () => {
    await start();
    await expect.poll(() => lines.join()).toMatch(/ECONNREFUSED.*waiting for the database/);
  });

  it('says what else is missing', async () => {
    const { url } = await start({ notReady: async () => 'the catalogue is empty' });
    expect(await (await fetch(`${url}/health/ready`)).text()).toContain('the catalogue is empty');
  });

  it('is stopped in the middle of its start, and leaves nothing open', async () => {
    const { url, started, stop } = await start();
    await stop();
    await expect(started).resolves.toBeUndefined();
    await expect(fetch(`${url}/health/live`)).rejects.toThrow();
  });
});

describe('a service that cannot start', () => {
  it('names every bad setting, its own and the common ones', async () => {
    await expect(start({}, { SHELVES: '10', PARTITIONS: 'many' })).rejects.toThrow(
      /^PARTITIONS is "many" and must .*\nSHELVES is "10" and must be a whole number from 1 to 9 \(How many shelves\)$/,
    );
  });

  it('says that its port is in use, in one line, and leaves nothing open', async () => {
    const other = await listening();
    const address = other.address();
    const port = typeof address === 'object' ? String(address?.port) : '';
    await expect(start({}, { PORT: port })).rejects.toThrow(
      `PORT ${port} on HOST 127.0.0.1 cannot be used: another process listens there`,
    );
    other.close();
  });
});

const listening = (): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  });
