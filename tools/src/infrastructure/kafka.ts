import path from 'node:path';
import { dockerIsReachable } from './docker.ts';
import { startDockerKafka } from './docker-kafka.ts';
import { findJava } from './java.ts';
import { type JavaKafka, removeJavaKafka, startJavaKafka } from './java-kafka.ts';
import { kafkaJars } from './kafka-jars.ts';
import type { KafkaPorts } from './kafka-settings.ts';
import { anyListens } from './listens.ts';
import { throwawayFolder } from './throwaway-folder.ts';

export type StartKafkaOptions = {
  /**
   * Where its messages are kept from one start to the next (a container's are not). Without it they are gone after
   * `stop`, and the broker is one that starts quickly.
   */
  dataDir?: string;
  /** Any free ones, unless said otherwise. */
  ports?: KafkaPorts;
  /** What the broker writes; in its data folder, unless said otherwise. */
  logFile?: string;
  env?: NodeJS.ProcessEnv;
  /** Told what a person should know, a line at a time. */
  say?: (line: string) => void;
  /** Ends a download, and the wait for a broker. */
  signal?: AbortSignal;
};

/** `pid` is known of a broker that was started here and is no container. */
export type RunningKafka = { kind: 'running'; brokers: string[]; pid?: number; stop(): Promise<void> };

/** There is none to be had; `reason` says why and how to get one, for a person. */
export type NoKafka = { kind: 'none'; reason: string };

const CACHE = path.resolve(import.meta.dirname, '../../../.data/cache');

/** It may have been started at the same time as we were. */
const GIVEN_WITHIN_MS = 20_000;

/**
 * A Kafka to work with: that of `KAFKA_BROKERS` where it is given, else a container where Docker is reachable, else
 * Apache's program from Maven Central where there is a Java for it.
 *
 * @throws Error in one line when a broker should start and does not.
 */
export async function startKafka(options: StartKafkaOptions = {}): Promise<RunningKafka | NoKafka> {
  const { dataDir, env = process.env, say = console.error, signal } = options;
  if (env.KAFKA_BROKERS) return givenKafka(env.KAFKA_BROKERS, signal);
  if (await dockerIsReachable()) {
    if (dataDir !== undefined) say('Kafka runs in Docker: its messages last until it is stopped');
    return { kind: 'running', ...(await startDockerKafka()) };
  }
  const kafka = await startKafkaProcess(options);
  return 'missing' in kafka ? none(`Docker cannot be reached, and ${kafka.missing}`) : { kind: 'running', ...kafka };
}

/**
 * Apache's program as a process of this machine, whatever else there is: for whoever means to signal it.
 *
 * @returns the broker, or in a few words what it lacks.
 */
export async function startKafkaProcess(options: StartKafkaOptions): Promise<JavaKafka | { missing: string }> {
  const { env = process.env, say = console.error, signal } = options;
  const found = await findJava(env);
  if ('missing' in found) return found;
  const jars = await kafkaJars({ cacheDir: CACHE, say, signal }).catch((error: Error) => error);
  if (jars instanceof Error) return { missing: jars.message };
  return startHere({ ...options, ...found, jars });
}

async function givenKafka(list: string, signal: AbortSignal | undefined): Promise<RunningKafka> {
  const brokers = list.split(',').map((broker) => broker.trim());
  if (!(await anyListens(brokers, GIVEN_WITHIN_MS, signal)))
    throw new Error(`nothing listens at ${brokers.join(', ')}, where KAFKA_BROKERS says that Kafka is`);
  return { kind: 'running', brokers, stop: async () => undefined };
}

const none = (why: string): NoKafka => ({
  kind: 'none',
  reason: `${why}. Two ways to get a Kafka: start Docker, or install Java 17 or newer; or set KAFKA_BROKERS to one that runs`,
});

type HereOptions = StartKafkaOptions & { java: string; jars: string };

async function startHere({ dataDir, logFile, ...options }: HereOptions): Promise<JavaKafka> {
  const folder = dataDir ?? (await throwawayFolder('kafka', removeJavaKafka));
  const kafka = await startJavaKafka({
    ...options,
    dataDir: folder,
    logFile: logFile ?? path.join(folder, 'kafka.log'),
    shortLived: dataDir === undefined,
  });
  if (dataDir !== undefined) return kafka;
  return { ...kafka, stop: () => removeJavaKafka(folder) };
}
