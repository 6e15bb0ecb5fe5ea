import { randomUUID } from 'node:crypto';
import { appendFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { migrate } from '@saga/tools/migrate';
import { type ServiceName, serviceNames } from '@saga/tools/service-name';
import { createStack, type Stack } from '@saga/tools/stack';
import { inject } from 'vitest';
import type { ServiceUrls } from './shop.ts';

export type Installation = {
  databaseUrl: string;
  kafkaBrokers: readonly string[];
  topicPrefix: string;
  urls: ServiceUrls;
  stack: Stack;
  /** What the supervisor of the processes had to say, from the first line on: each death of one of them. */
  said: readonly string[];
  /** One more of each of these, in the same groups and on the same tables. */
  addReplicas(services: readonly ServiceName[]): Promise<Stack>;
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
  const log = (line: string) => appendFileSync(`${LOGS}${name}.log`, `${new Date().toISOString()} ${line}\n`);
  const said: string[] = [];
  const stacks: Stack[] = [];
  const uninstall = async () => void (await Promise.all(stacks.map((stack) => stack.stop())));
  const addReplicas = async (services: readonly ServiceName[]): Promise<Stack> => {
    const replica = stacks.length + 1;
    const stack = await createStack({
      databaseUrl,
      kafkaBrokers,
      ports: 'free',
      env: { TOPIC_PREFIX: topicPrefix, PARTITIONS: '4', ...env },
      onLine: (service, line) => log(`${service} ${replica} ${line}`),
      say: (line) => {
        said.push(line);
        log(line);
      },
    });
    stacks.push(stack);
    await stack.start(services);
    return stack;
  };
  try {
    const stack = await addReplicas(serviceNames);
    return { databaseUrl, kafkaBrokers, topicPrefix, urls: urlsOf(stack), stack, said, addReplicas, uninstall };
  } catch (error) {
    await uninstall();
    throw error;
  }
}

export const urlsOf = ({ services }: Stack): ServiceUrls =>
  Object.fromEntries(serviceNames.map((service) => [service, services[service].url]));

/** For a test that needs a system to itself, because it breaks it. */
export const install = (env?: NodeJS.ProcessEnv): Promise<Installation> =>
  installOn({ postgresUrl: inject('postgresUrl'), kafkaBrokers: inject('kafkaBrokers') }, env);
