import { rm } from 'node:fs/promises';
import path from 'node:path';
import { removeEmbeddedPostgres } from '@saga/tools/infrastructure/embedded-postgres';
import { removeJavaKafka } from '@saga/tools/infrastructure/java-kafka';
import { startKafka } from '@saga/tools/infrastructure/kafka';
import { startPostgres } from '@saga/tools/infrastructure/postgres';
import { throwawayFolder } from '@saga/tools/infrastructure/throwaway-folder';

/** The PostgreSQL and the Kafka that all systems share, one after the other. */
export type Servers = {
  /** An administrator's. */
  postgresUrl: string;
  kafkaBrokers: readonly string[];
  /** Empty where they are not ours: containers, or given. */
  pids: { postgres: readonly number[]; kafka: readonly number[] };
  stop(): Promise<void>;
};

/** As `pnpm start` runs them: with a data folder, so that the broker is one that is compiled for a long life. */
export async function startServers(say: (line: string) => void): Promise<Servers> {
  const folder = await throwawayFolder('bench', removeServers);
  const starting = [
    startPostgres({ dataDir: path.join(folder, 'postgres'), database: 'postgres', say }),
    startKafka({ dataDir: path.join(folder, 'kafka'), say }),
  ] as const;
  const stop = async () => {
    for (const started of await Promise.allSettled(starting))
      if (started.status === 'fulfilled' && 'stop' in started.value) await started.value.stop();
    await removeServers(folder);
  };
  try {
    const [postgres, kafka] = await Promise.all(starting);
    if (kafka.kind === 'none') throw new Error(kafka.reason);
    const pids = { postgres: pidsOf(postgres.pid), kafka: pidsOf(kafka.pid) };
    return { postgresUrl: postgres.url, kafkaBrokers: kafka.brokers, pids, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const pidsOf = (pid: number | undefined): readonly number[] => (pid === undefined ? [] : [pid]);

async function removeServers(folder: string): Promise<void> {
  await removeEmbeddedPostgres(path.join(folder, 'postgres'));
  await removeJavaKafka(path.join(folder, 'kafka'));
  await rm(folder, { recursive: true, force: true });
}
