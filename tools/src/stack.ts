import { setTimeout as pause } from 'node:timers/promises';
import { assertPortIsFree, freePorts } from './infrastructure/ports.ts';
import { type Passwords, serviceDatabaseUrl, withoutPasswords } from './service-database-url.ts';
import { type ServiceName, serviceNames } from './service-name.ts';
import { NODE_FLAGS, SERVICE_ENVIRONMENT, servicePrograms } from './service-program.ts';
import { type SupervisedProcess, supervisedProcess } from './supervised-process.ts';

/** How a service is run with these settings: as a process of its own, unless said otherwise. */
export type RunService = (
  service: ServiceName,
  settings: NodeJS.ProcessEnv,
  report: { onLine: (line: string) => void; say: (line: string) => void },
) => SupervisedProcess;

const LEDGER_KEEPERS: readonly ServiceName[] = ['order', 'product', 'balance', 'coupon', 'delivery'];

const LOOPBACK = '127.0.0.1';
const READY_POLL_MS = 100;
/** On a machine ten times slower than usual, with a cold disk. */
const READY_LIMIT_MS = 10 * 60_000;

export type StackOptions = {
  /** An administrator's; each service gets the URL of its own role. */
  databaseUrl: string;
  passwords?: Passwords;
  kafkaBrokers: readonly string[];
  /** The services' own ports, or any that are free. */
  ports: 'fixed' | 'free';
  /** Further settings, for all services. */
  env?: NodeJS.ProcessEnv;
  onLine: (service: ServiceName, line: string) => void;
  say: (line: string) => void;
  run?: RunService;
};

export type ServiceAddress = { url: string; pid: number | undefined };

/** The seven services as processes on this machine. */
export interface Stack {
  readonly services: Readonly<Record<ServiceName, ServiceAddress>>;
  /** Starts these and resolves when each is ready; rejects with a line when one refuses to start. */
  start(services: readonly ServiceName[]): Promise<void>;
  /** Ends these in order, and leaves them so until they are started again. */
  stop(services?: readonly ServiceName[]): Promise<void>;
  /** As an accident would: the supervisor notices and starts it again. */
  kill(service: ServiceName, signal: NodeJS.Signals): void;
  /** Resolves when each of these is ready. */
  ready(services: readonly ServiceName[]): Promise<void>;
}

/** @throws where a fixed port is in use, in one line. */
export async function createStack(options: StackOptions): Promise<Stack> {
  const ports = await portsOf(options.ports);
  const urls = Object.fromEntries(serviceNames.map((name) => [name, `http://${LOOPBACK}:${ports[name]}`]));
  const processes = Object.fromEntries(
    serviceNames.map((name) => [name, serviceProcess(name, ports[name], urls, options)]),
  ) as Record<ServiceName, SupervisedProcess>;

  const isReady = async (name: ServiceName): Promise<void> => {
    for (const giveUp = Date.now() + READY_LIMIT_MS; Date.now() < giveUp; await pause(READY_POLL_MS))
      if (await answersReady(`${urls[name]}/health/ready`)) {
        processes[name].isUp();
        return;
      }
    throw new Error(`${name} is not ready after ${READY_LIMIT_MS / 60_000} minutes; see its log`);
  };
  const ready = async (names: readonly ServiceName[]): Promise<void> => {
    await Promise.all(names.map((name) => Promise.race([isReady(name), processes[name].refused])));
  };

  return {
    get services() {
      const addresses = serviceNames.map((name) => [name, { url: urls[name], pid: processes[name].pid }]);
      return Object.fromEntries(addresses) as Record<ServiceName, ServiceAddress>;
    },
    start: async (names) => {
      for (const name of names) processes[name].start();
      await ready(names);
    },
    stop: async (names = serviceNames) => {
      await Promise.all(names.map((name) => processes[name].stop()));
    },
    kill: (name, signal) => {
      const { pid } = processes[name];
      if (pid !== undefined) process.kill(pid, signal);
    },
    ready,
  };
}

async function portsOf(choice: StackOptions['ports']): Promise<Record<ServiceName, number>> {
  const free = choice === 'free' ? await freePorts(serviceNames.length) : [];
  const ports = serviceNames.map((name, index) => [name, free[index] ?? servicePrograms[name].port] as const);
  if (choice === 'fixed') await assertServicePortsAreFree();
  return Object.fromEntries(ports) as Record<ServiceName, number>;
}

/** @throws where one is in use, in one line. */
export async function assertServicePortsAreFree(): Promise<void> {
  for (const name of serviceNames) await assertPortIsFree(servicePrograms[name].port, `the ${name} service`);
}

function serviceProcess(
  name: ServiceName,
  port: number,
  urls: Readonly<Record<string, string>>,
  { databaseUrl, passwords, kafkaBrokers, env, onLine, say, run = asProcess }: StackOptions,
): SupervisedProcess {
  const given: NodeJS.ProcessEnv = { ...SERVICE_ENVIRONMENT, ...process.env, ...env };
  const settings = {
    ...withoutPasswords(given),
    NODE_OPTIONS: `${NODE_FLAGS} ${given.NODE_OPTIONS ?? ''}`,
    DATABASE_URL: serviceDatabaseUrl(databaseUrl, name, passwords),
    KAFKA_BROKERS: kafkaBrokers.join(','),
    PORT: String(port),
    ORCHESTRATOR_URL: urls.orchestrator,
    LEDGERS: LEDGER_KEEPERS.map((keeper) => `${keeper}=${urls[keeper]}`).join(','),
  };
  return run(name, settings, { onLine: (line) => onLine(name, line), say });
}

const asProcess: RunService = (name, env, report) =>
  supervisedProcess({ name, program: [servicePrograms[name].main], env, ...report });

async function answersReady(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false; // not listening yet
  }
}
