import { execFileSync } from 'node:child_process';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from '@saga/tools/infrastructure/embedded-postgres';
import { removeJavaKafka } from '@saga/tools/infrastructure/java-kafka';
import { startKafkaProcess } from '@saga/tools/infrastructure/kafka';
import { freePorts } from '@saga/tools/infrastructure/ports';
import { stopProcess } from '@saga/tools/infrastructure/stop-process';
import { throwawayFolder } from '@saga/tools/infrastructure/throwaway-folder';

/** A server that a test may harm, because nobody else uses it. It comes back at its place with its data. */
export interface OwnServer {
  start(): Promise<void>;
  /** In order, or by a signal as an accident would. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** It answers nothing, and keeps every connection, until it is thawed. */
  freeze(): void;
  thaw(): void;
  /** Ends it, and leaves nothing behind. */
  remove(): Promise<void>;
}

type ServerProcess = { pid: number };

const STOP_LIMIT_MS = 60_000;

function ownServer(
  launch: () => Promise<ServerProcess>,
  orderly: NodeJS.Signals,
  remove: () => Promise<void>,
): OwnServer {
  let running: ServerProcess | undefined;
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of running ? familyOf(running.pid) : []) process.kill(pid, name);
  };
  return {
    start: async () => {
      running = await launch();
    },
    stop: async (name = orderly) => {
      if (running) await stopProcess(running.pid, STOP_LIMIT_MS, name);
      running = undefined;
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    remove: async () => {
      signal('SIGCONT');
      await remove();
    },
  };
}

/** A process and its children, itself first: once it stands still it has no more of them. */
function familyOf(pid: number): number[] {
  const processes = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return [pid, ...processes.flatMap(([child = 0, parent]) => (parent === pid ? [child] : []))];
}

export async function ownPostgres(): Promise<OwnServer & { url: string }> {
  const dataDir = await throwawayFolder('postgres', removeEmbeddedPostgres);
  const [port = 0] = await freePorts(1);
  let url = '';
  const launch = async () => {
    const postgres = await startEmbeddedPostgres({ dataDir, port, database: 'saga', say: console.error });
    url = postgres.url;
    return postgres;
  };
  const server = ownServer(launch, 'SIGINT', () => removeEmbeddedPostgres(dataDir));
  await server.start();
  return { ...server, url };
}

/** @throws Error in one line where there is no Java for it. */
export async function ownKafka(): Promise<OwnServer & { brokers: readonly string[] }> {
  const dataDir = await throwawayFolder('kafka', removeJavaKafka);
  const [broker = 0, controller = 0] = await freePorts(2);
  let brokers: readonly string[] = [];
  const launch = async () => {
    const kafka = await startKafkaProcess({ dataDir, ports: { broker, controller } });
    if ('missing' in kafka) throw new Error(`Kafka cannot be harmed: ${kafka.missing}`);
    brokers = kafka.brokers;
    return kafka;
  };
  const server = ownServer(launch, 'SIGTERM', () => removeJavaKafka(dataDir));
  await server.start();
  return { ...server, brokers };
}
