import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { migrate } from '@saga/tools/migrate';
import { serviceNames } from '@saga/tools/service-name';
import { createStack, type Stack } from '@saga/tools/stack';
import { inject } from 'vitest';
import type { ServiceUrls } from './shop.ts';

export type Installation = {
  databaseUrl: string;
  topicPrefix: string;
  urls: ServiceUrls;
  stack: Stack;
  uninstall(): Promise<void>;
};

const LOGS = fileURLToPath(new URL('../.data/e2e/', import.meta.url));

/** Where the servers are that installations share. */
export type Infrastructure = { postgresUrl: string; kafkaBrokers: readonly string[] };

/** A whole system of its own: a database, a topic prefix and seven processes. What they say stands in `.data/e2e/`. */
export async function installOn(
  { postgresUrl, kafkaBrokers }: Infrastructure,
  env: NodeJS.ProcessEnv = {},
): Promise<Installation> {
  const name = `e2e_${randomUUID().slice(0, 8)}`;
  const topicPrefix = `${name}-`;
  const databaseUrl = Object.assign(new URL(postgresUrl), { pathname: `/${name}` }).href;
  await migrate({ databaseUrl });
  mkdirSync(LOGS, { recursive: true });
  const log = (line: string) => appendFileSync(`${LOGS}${name}.log`, `${line}\n`);
  const stack = await createStack({
    databaseUrl,
    kafkaBrokers,
    ports: 'free',
    env: { TOPIC_PREFIX: topicPrefix, PARTITIONS: '4', ...env },
    onLine: (service, line) => log(`${service} ${line}`),
    say: log,
  });
  try {
    await stack.start(serviceNames);
  } catch (error) {
    await stack.stop();
    throw error;
  }
  const urls = Object.fromEntries(serviceNames.map((service) => [service, stack.services[service].url]));
  return { databaseUrl, topicPrefix, urls, stack, uninstall: () => stack.stop() };
}

/** For a test that needs a system to itself, because it breaks it. */
export const install = (): Promise<Installation> =>
  installOn({ postgresUrl: inject('postgresUrl'), kafkaBrokers: inject('kafkaBrokers') });
