import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { claimFolder } from './claim-folder.ts';
import { waitForKafka } from './kafka-readiness.ts';
import { type KafkaPorts, kafkaSettings } from './kafka-settings.ts';
import { assertPortIsFree, freePorts } from './ports.ts';
import { commandOf } from './process-identity.ts';
import { stopProcess } from './stop-process.ts';

export type JavaKafkaOptions = {
  java: string;
  /** The folder with Kafka's jars. */
  jars: string;
  /** Keeps the messages and the settings. One process at a time works in it. */
  dataDir: string;
  /** Any free ones, unless said otherwise. */
  ports?: KafkaPorts;
  logFile: string;
  /** Compile less: a shorter start, and less speed later. For tests. */
  shortLived: boolean;
  /** Ends the start. */
  signal?: AbortSignal;
};

export type JavaKafka = { brokers: string[]; pid: number; stop(): Promise<void> };

const STOP_LIMIT_MS = 30_000;
const FORMAT_LIMIT_MS = 120_000;
const LOOPBACK = '127.0.0.1';
const HEAP = '-Xmx512m';

/**
 * Starts a broker that belongs to no terminal, so that it does not end at Ctrl-C before those who still write to it.
 * When this process is killed, the next start finds the broker by its data folder and stops it first.
 *
 * @throws Error in one line: folder or ports in use, or what Kafka says.
 */
export async function startJavaKafka(options: JavaKafkaOptions): Promise<JavaKafka> {
  const { dataDir } = options;
  const claim = await claimFolder(dataDir);
  const stop = async () => {
    await stopBroker(dataDir);
    await claim.release();
  };
  try {
    await stopBroker(dataDir);
    const ports = await choosePorts(options.ports);
    await writeSettings(dataDir, ports);
    await format(options);
    const pid = await startBroker(options);
    const broker = `${LOOPBACK}:${ports.broker}`;
    await waitForKafka(broker, () => assertRuns(pid, options), options.signal);
    return { brokers: [broker], pid, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Stops the broker that a killed process may have left in a data folder, and removes the folder. */
export async function removeJavaKafka(dataDir: string): Promise<void> {
  await stopBroker(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}

const settingsFile = (dataDir: string) => path.join(dataDir, 'server.properties');
const logDir = (dataDir: string) => path.join(dataDir, 'messages');
const pidFile = (dataDir: string) => path.join(dataDir, 'kafka.pid');

async function choosePorts(wanted: KafkaPorts | undefined): Promise<KafkaPorts> {
  if (wanted === undefined) {
    const [broker = 0, controller = 0] = await freePorts(2);
    return { broker, controller };
  }
  await assertPortIsFree(wanted.broker, 'Kafka');
  await assertPortIsFree(wanted.controller, "Kafka's controller");
  return wanted;
}

async function writeSettings(dataDir: string, ports: KafkaPorts): Promise<void> {
  const settings = kafkaSettings({
    listen: { host: LOOPBACK, ...ports },
    advertised: `${LOOPBACK}:${ports.broker}`,
    logDir: logDir(dataDir),
  });
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(settingsFile(dataDir), lines.join(''));
}

const jvmOptions = ({ jars, shortLived }: JavaKafkaOptions) => [
  HEAP,
  '-XX:+UseSerialGC',
  ...(shortLived ? ['-XX:TieredStopAtLevel=1'] : []),
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-cp',
  path.join(jars, '*'),
];

/** Once per data folder; the mark that Kafka itself looks for comes last, so that a killed start begins anew. */
async function format(options: JavaKafkaOptions): Promise<void> {
  const { java, dataDir } = options;
  const known = await stat(path.join(logDir(dataDir), 'bootstrap.checkpoint')).catch(() => undefined);
  if (known !== undefined) return;
  await rm(logDir(dataDir), { recursive: true, force: true });
  await mkdir(logDir(dataDir));
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, '_'); // no option of the program
  const program = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', settingsFile(dataDir)];
  await promisify(execFile)(java, [...jvmOptions({ ...options, shortLived: true }), ...program], {
    timeout: FORMAT_LIMIT_MS,
    signal: options.signal,
  });
}

async function startBroker(options: JavaKafkaOptions): Promise<number> {
  const { java, dataDir, logFile } = options;
  const log = await open(logFile, 'w');
  try {
    const broker = spawn(java, [...jvmOptions(options), 'kafka.Kafka', settingsFile(dataDir)], {
      cwd: dataDir,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await once(broker, 'spawn');
    broker.unref();
    const pid = broker.pid ?? 0;
    await writeFile(pidFile(dataDir), String(pid));
    return pid;
  } finally {
    await log.close();
  }
}

async function stopBroker(dataDir: string): Promise<void> {
  const pid = Number.parseInt(await readFile(pidFile(dataDir), 'utf8').catch(() => ''), 10);
  if (isBrokerOf(dataDir, pid)) await stopProcess(pid, STOP_LIMIT_MS);
  await rm(pidFile(dataDir), { force: true });
}

/** Another process may have got the number meanwhile. */
function isBrokerOf(dataDir: string, pid: number): boolean {
  return commandOf(pid).includes(settingsFile(dataDir));
}

async function assertRuns(pid: number, { dataDir, logFile }: JavaKafkaOptions): Promise<void> {
  if (isBrokerOf(dataDir, pid)) return;
  const lines = (await readFile(logFile, 'utf8')).split('\n');
  const reason = lines.find((line) => /ERROR|Exception|Error:/.test(line)) ?? lines[0] ?? '';
  throw new Error(`Kafka does not start: ${reason.slice(0, 500)} (see ${logFile})`);
}
