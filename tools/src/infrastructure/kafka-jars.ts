import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import { exists } from './exists.ts';

const run = promisify(execFile);

const PROJECT = path.resolve(import.meta.dirname, '../../kafka');
const FETCH_LIMIT_MS = 15 * 60_000;

export type KafkaJarsOptions = {
  /** Keeps them for the next time. */
  cacheDir: string;
  say: (line: string) => void;
  /** Ends the download. */
  signal?: AbortSignal;
};

/**
 * Fetches Kafka's jars from Maven Central, once: by the Maven that is installed, else by the Maven wrapper, which
 * fetches a Maven first. What is fetched is moved into place whole.
 *
 * @returns the folder that holds them.
 * @throws Error in one line, with Maven's first complaint.
 */
export async function kafkaJars({ cacheDir, say, signal }: KafkaJarsOptions): Promise<string> {
  const version = await kafkaVersion();
  const jars = path.join(cacheDir, `kafka-${version}`);
  if (await exists(jars)) return jars;
  await mkdir(cacheDir, { recursive: true });
  const aside = await mkdtemp(`${jars}.`);
  try {
    const maven = await findMaven();
    say(`fetching Kafka ${version} from Maven Central: 44 MB, once`);
    await fetchJars(maven, aside, signal);
    await rename(aside, jars).catch(async (error: Error) => {
      if (!(await exists(jars))) throw error; // else another process has fetched them meanwhile
    });
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return jars;
}

/** Named in `tools/kafka/pom.xml` alone. */
export async function kafkaVersion(): Promise<string> {
  const version = /<kafka\.version>(.+)<\/kafka\.version>/.exec(await readFile(path.join(PROJECT, 'pom.xml'), 'utf8'));
  if (version?.[1] === undefined) throw new Error('tools/kafka/pom.xml names no kafka.version');
  return version[1];
}

async function findMaven(): Promise<string> {
  try {
    await run('mvn', ['--version']);
    return 'mvn';
  } catch {
    return path.join(PROJECT, 'mvnw');
  }
}

async function fetchJars(maven: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const goal = ['dependency:copy-dependencies', `-DoutputDirectory=${folder}`];
  await run(maven, ['-q', '-B', ...goal], { cwd: PROJECT, timeout: FETCH_LIMIT_MS, signal }).catch(
    (error: { stdout?: string; stderr?: string; message: string }) => {
      const output = stripVTControlCharacters(`${error.stdout ?? ''}\n${error.stderr ?? ''}`);
      const lines = output.split('\n').filter((line) => line.trim() !== '');
      throw new Error(`Kafka's jars cannot be fetched: ${(lines[0] ?? error.message).slice(0, 500)}`);
    },
  );
}
