import { expect, it, vi } from 'vitest';
import { serviceNames } from './service-name.ts';
import { NODE_FLAGS, SERVICE_ENVIRONMENT } from './service-program.ts';
import { createStack } from './stack.ts';

it('a service is started with its own password alone, and with no administrator’s', async () => {
  const run = vi.fn();
  await createStack({
    databaseUrl: 'postgresql://postgres:the-administrators@127.0.0.1:5432/saga',
    passwords: { order: 'of-order', product: 'of-product' },
    kafkaBrokers: [],
    ports: 'free',
    env: { ORDER_DB_PASSWORD: 'of-order', PRODUCT_DB_PASSWORD: 'of-product' },
    onLine: () => {},
    say: () => {},
    run,
  });
  const settings = new Map<string, string>(run.mock.calls.map(([service, env]) => [service, JSON.stringify(env)]));
  expect([...settings.keys()]).toEqual([...serviceNames]);
  expect(settings.get('order')).toContain('of-order');
  expect(settings.get('product')).not.toContain('of-order');
  for (const env of settings.values()) expect(env).not.toContain('the-administrators');
});

it('what the environment says about memory has the last word, beside our own flags and settings', async () => {
  const run = vi.fn();
  await createStack({
    databaseUrl: 'postgresql://postgres:the-administrators@127.0.0.1:5432/saga',
    kafkaBrokers: [],
    ports: 'free',
    env: { NODE_OPTIONS: '--max-semi-space-size=64', MALLOC_ARENA_MAX: '1' },
    onLine: () => {},
    say: () => {},
    run,
  });
  expect(run).toHaveBeenCalledTimes(serviceNames.length);
  for (const [, env] of run.mock.calls)
    expect(env).toMatchObject({
      NODE_OPTIONS: `${NODE_FLAGS} --max-semi-space-size=64`,
      MALLOC_ARENA_MAX: '1',
      NODE_COMPILE_CACHE: SERVICE_ENVIRONMENT.NODE_COMPILE_CACHE,
    });
});
