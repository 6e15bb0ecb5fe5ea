import { parseArgs } from 'node:util';
import { dataFolder } from './data-folder.ts';
import { type LocalInstallation, startLocalInstallation } from './local-installation.ts';
import { runProgram } from './run-program.ts';
import { serviceNames } from './service-name.ts';

const USAGE = `usage: pnpm start [--fresh] [--in-memory] [--free-ports] [--data <folder>]
  --fresh       begin with nothing: no orders, no messages
  --in-memory   without Kafka: all services in one process
  --free-ports  any free ports instead of 8080 to 8086
  --data        where everything is kept; .data unless said otherwise`;

const NAME_WIDTH = Math.max(...serviceNames.map((name) => name.length));
const INTERRUPTED = 130;
const BROKEN_DOWN = 1;

const write = (name: string, line: string) => console.log(`${name.padEnd(NAME_WIDTH)} │ ${line}`);
const say = (line: string) => write('start', line);

/** Until it is interrupted or a server breaks down; then everything is stopped, wherever the start has got to. */
async function start(): Promise<void> {
  const flags = readFlags();
  const interrupted = interruption();
  const startedAt = performance.now();
  try {
    const installation = await startLocalInstallation({
      dataDir: dataFolder(flags.data),
      fresh: flags.fresh ?? false,
      inMemory: flags['in-memory'] ?? false,
      ports: flags['free-ports'] ? 'free' : 'fixed',
      env: process.env,
      onLine: write,
      say,
      signal: interrupted,
    });
    console.log(welcome(installation, Math.round((performance.now() - startedAt) / 1_000)));
    const broken = await Promise.race([untilAborted(interrupted), installation.brokenDown]);
    if (broken !== undefined) say(`${broken}: everything is stopped; its data are kept for the next start`);
    await installation.stop();
    if (broken !== undefined) process.exitCode = BROKEN_DOWN;
  } catch (error) {
    if (!interrupted.aborted) throw error;
    process.exitCode = INTERRUPTED;
  }
  say('stopped');
}

function readFlags() {
  const boolean = { type: 'boolean' } as const;
  const options = { fresh: boolean, 'in-memory': boolean, 'free-ports': boolean, data: { type: 'string' } } as const;
  try {
    return parseArgs({ options }).values;
  } catch {
    throw new Error(USAGE);
  }
}

/** Ctrl-C, a terminal that is closed, or whoever else asks; asking again changes nothing: stopping takes its time. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (controller.signal.aborted) return;
      controller.abort(new Error(`interrupted by ${signal}`));
      say('stopping');
    });
  // Whoever reads the output may be gone first; that is no reason to leave anything running.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return controller.signal;
}

function untilAborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener('abort', () => resolve(undefined));
  });
}

function welcome({ services, databaseUrl, kafkaBrokers }: LocalInstallation, seconds: number): string {
  const places = serviceNames.map((name) => `  ${name.padEnd(NAME_WIDTH)}  ${services[name].url}/docs`);
  const database = new URL(databaseUrl);
  return `
ready after ${seconds} s

${places.join('\n')}
  PostgreSQL    ${database.host}${database.pathname}
  Kafka         ${kafkaBrokers.join(',') || 'none: messages are in memory'}

A first order, and how it went:

  curl -s ${services.order.url}/orders -H 'content-type: application/json' \\
    -d '{"userId": 1, "productId": 1, "quantity": 1, "price": 10000}'

  curl -s ${services.order.url}/orders/<orderId> -H 'prefer: wait=10'
  curl -s ${services.orchestrator.url}/sagas/<orderId>

Ctrl-C stops everything.
`;
}

if (import.meta.main) {
  await runProgram(start);
  process.exit(); // whatever still waits for a service that will not come
}
