import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { loadDemoData } from './demo-data.ts';
import { emptyOutboxes } from './empty-outboxes.ts';
import { generateClients } from './generate.ts';
import { claimFolder } from './infrastructure/claim-folder.ts';
import { removeEmbeddedPostgres } from './infrastructure/embedded-postgres.ts';
import { removeJavaKafka } from './infrastructure/java-kafka.ts';
import { type NoKafka, type RunningKafka, startKafka } from './infrastructure/kafka.ts';
import { startPostgres } from './infrastructure/postgres.ts';
import { untilEnded } from './infrastructure/until-ended.ts';
import { migrate } from './migrate.ts';
import { type Passwords, passwordsFromEnvironment } from './service-database-url.ts';
import { type ServiceName, serviceNames } from './service-name.ts';
import { assertServicePortsAreFree, createStack, type RunService, type Stack } from './stack.ts';
import { keepStackFile, type StackAddresses, stackFileIn } from './stack-file.ts';

export type LocalInstallationOptions = {
  /** Keeps everything from one start to the next; one installation at a time lives in it. */
  dataDir: string;
  /** Begin with nothing: what the folder keeps is removed first. */
  fresh: boolean;
  /** Without Kafka, even where there is one. */
  inMemory: boolean;
  /** The services' own ports, or any that are free. */
  ports: 'fixed' | 'free';
  env: NodeJS.ProcessEnv;
  onLine: (service: ServiceName, line: string) => void;
  say: (line: string) => void;
  /** Ends the start at the next step. */
  signal: AbortSignal;
};

/** Everything that was started, in the order in which it is stopped the other way round. */
export type LocalInstallation = StackAddresses & {
  /** Resolves with a line when a server that was started here has ended by itself: nothing starts it again. */
  brokenDown: Promise<string>;
  stop(): Promise<void>;
};

/** Few: one machine has few processors, and an idle partition costs a little too. */
const PARTITIONS = 4;

/** Those whose state the order service has to know before it takes orders. */
const ANNOUNCING: readonly ServiceName[] = ['product', 'balance', 'coupon'];
const BEFORE_ORDERS: readonly ServiceName[] = serviceNames.filter((name) => name !== 'order');

/**
 * Brings up the whole system on this machine: servers, tables, services, demo data, and the order service last, which
 * is ready when it has read all that the others announced.
 *
 * @throws Error in one line when something is missing or in the way; nothing is left running then.
 */
export async function startLocalInstallation(options: LocalInstallationOptions): Promise<LocalInstallation> {
  const { dataDir, env, signal } = options;
  const opened = new AsyncDisposableStack();
  const step = async <Result>(work: Promise<Result>): Promise<Result> => {
    const result = await work;
    signal.throwIfAborted();
    return result;
  };
  try {
    const claim = await step(claimFolder(dataDir));
    opened.defer(claim.release);
    await rm(stackFileIn(dataDir), { force: true }); // of a start that was killed
    if (options.ports === 'fixed') await assertServicePortsAreFree();
    if (options.fresh) await step(empty(dataDir, options));
    const { databaseUrl, kafka, pids } = await step(startServers(options, opened));
    const passwords = passwordsFromEnvironment(env);
    await step(migrate({ databaseUrl, passwords }));
    const kafkaBrokers = kafka.kind === 'running' ? kafka.brokers : [];
    const stack = await createStack({
      ...options,
      databaseUrl,
      passwords,
      kafkaBrokers,
      run: kafka.kind === 'running' ? undefined : await inMemory(kafka, options),
      env: { ...env, PARTITIONS: partitionsOf(env) },
    });
    opened.defer(() => stack.stop());
    await startInOrder({ stack, databaseUrl, passwords, signal });
    const addresses = () => ({ databaseUrl, kafkaBrokers, services: stack.services });
    opened.defer(await keepStackFile(stackFileIn(dataDir), addresses));
    const watching = new AbortController();
    opened.defer(() => watching.abort());
    return { ...addresses(), brokenDown: brokenDown(pids, watching.signal), stop: () => opened.disposeAsync() };
  } catch (error) {
    await opened.disposeAsync();
    throw error;
  }
}

/** `pids` are those of the servers that run here and are no containers. */
type Servers = {
  databaseUrl: string;
  kafka: RunningKafka | NoKafka;
  pids: Readonly<Record<string, number | undefined>>;
};

async function startServers(options: LocalInstallationOptions, opened: AsyncDisposableStack): Promise<Servers> {
  const { dataDir, env, say, signal } = options;
  const keep = <Server extends { stop(): Promise<void> }>(server: Server) => opened.adopt(server, (it) => it.stop());
  const starting = [
    startPostgres({ dataDir: postgresDir(dataDir), env, say }).then(keep),
    options.inMemory
      ? ASKED_FOR
      : startKafka({ dataDir: kafkaDir(dataDir), env, say, signal }).then((kafka) =>
          kafka.kind === 'running' ? keep(kafka) : kafka,
        ),
    generateClients(),
  ] as const;
  await Promise.allSettled(starting); // what was started has to be known before it can be stopped
  const [postgres, kafka] = await Promise.all(starting);
  const pids = { PostgreSQL: postgres.pid, Kafka: kafka.kind === 'running' ? kafka.pid : undefined };
  return { databaseUrl: postgres.url, kafka, pids };
}

async function brokenDown(pids: Servers['pids'], signal: AbortSignal): Promise<string> {
  const known = Object.entries(pids).flatMap(([name, pid]) => (pid === undefined ? [] : { name, pid }));
  return Promise.race(known.map(({ name, pid }) => untilEnded(pid, signal).then(() => `${name} has ended by itself`)));
}

const postgresDir = (dataDir: string) => path.join(dataDir, 'postgres');
const kafkaDir = (dataDir: string) => path.join(dataDir, 'kafka');

const ASKED_FOR: NoKafka = { kind: 'none', reason: 'as you asked for with --in-memory' };

/** Loudly: nobody shall take this for the real thing. */
async function inMemory({ reason }: NoKafka, { env, say }: LocalInstallationOptions): Promise<RunService> {
  say('═══ WITHOUT KAFKA: all services run in one process, and messages are kept in its memory only ═══');
  say(reason);
  const { inThisProcess } = await import('./in-this-process.ts');
  return inThisProcess(Number(partitionsOf(env)));
}

const partitionsOf = (env: NodeJS.ProcessEnv): string => env.PARTITIONS || String(PARTITIONS);

type Order = { stack: Stack; databaseUrl: string; passwords: Passwords; signal: AbortSignal };

async function startInOrder({ stack, databaseUrl, passwords, signal }: Order): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason));
  const step = <Result>(work: Promise<Result>): Promise<Result> => Promise.race([work, aborted]);
  await step(stack.start(BEFORE_ORDERS));
  const { product, balance, coupon } = stack.services;
  await step(loadDemoData({ product: product.url, balance: balance.url, coupon: coupon.url }));
  await step(emptyOutboxes({ databaseUrl, passwords, services: ANNOUNCING }, signal));
  await step(stack.start(['order']));
}

/** Fetched programs stay: they are no data. */
const NOT_DATA = ['cache', 'owner.json'];

async function empty(dataDir: string, { env, say }: LocalInstallationOptions): Promise<void> {
  for (const given of ['DATABASE_URL', 'KAFKA_BROKERS'].filter((name) => env[name]))
    say(`${given} is given: --fresh leaves what is there as it is`);
  await removeEmbeddedPostgres(postgresDir(dataDir));
  await removeJavaKafka(kafkaDir(dataDir));
  for (const name of await readdir(dataDir))
    if (!NOT_DATA.includes(name)) await rm(path.join(dataDir, name), { recursive: true, force: true });
}
