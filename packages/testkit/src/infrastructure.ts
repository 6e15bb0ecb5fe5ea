import { generateClients } from '@saga/tools/generate';
import { type RunningKafka, startKafka } from '@saga/tools/infrastructure/kafka';
import { startPostgres } from '@saga/tools/infrastructure/postgres';
import type { TestProject } from 'vitest/node';
import { dropTestDatabases, makeTemplate, TEMPLATE_VARIABLE } from './test-database.ts';

export { createTestDatabase, testDatabase } from './test-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** An administrator's URL of the PostgreSQL of this run; the database that it names is nobody's. */
    postgresUrl: string;
    /** host:port of each broker of this run's Kafka. */
    kafkaBrokers: string[];
  }
}

/**
 * vitest's global setup of all tests that need real servers: PostgreSQL and Kafka are started once per run, unless
 * `DATABASE_URL` and `KAFKA_BROKERS` tell of some; tests find them under the same two variables, and by `inject`.
 * Several projects in one run share them.
 *
 * @throws Error that says how to get a Kafka, where there is none to be had.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const starting = [startPostgres(), requireKafka()] as const;
  const stopServers = async () => {
    const started = await Promise.allSettled(starting);
    await Promise.all(started.map((server) => server.status === 'fulfilled' && server.value.stop()));
  };
  try {
    const [postgres, kafka] = await Promise.all([...starting, generateClients()]);
    const template = await makeTemplate(postgres.url);
    project.provide('postgresUrl', postgres.url);
    project.provide('kafkaBrokers', kafka.brokers);
    const restoreVariables = setVariables({
      DATABASE_URL: postgres.url,
      KAFKA_BROKERS: kafka.brokers.join(','),
      [TEMPLATE_VARIABLE]: template,
    });
    return async () => {
      restoreVariables();
      await dropTestDatabases(postgres.url, template);
      await stopServers();
    };
  } catch (error) {
    await stopServers();
    throw error;
  }
}

async function requireKafka(): Promise<RunningKafka> {
  const kafka = await startKafka();
  if (kafka.kind === 'none') throw new Error(kafka.reason);
  return kafka;
}

/** The workers inherit them. */
function setVariables(variables: Record<string, string>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  };
}
