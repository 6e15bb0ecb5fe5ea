import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { lagGauge } from './lag-gauge.ts';

const shown = async (lag: () => Promise<number>): Promise<string | undefined> => {
  const registry = new Registry();
  lagGauge(registry, lag);
  return /^saga_consumer_lag (.*)$/m.exec(await registry.metrics())?.[1];
};

test('the lag is what the broker says when it is asked', async () => {
  expect(await shown(async () => 42)).toBe('42');
});

test('while the broker is away the lag is not known: it is not zero', async () => {
  expect(await shown(() => Promise.reject(new Error('away')))).toBe('Nan');
});
