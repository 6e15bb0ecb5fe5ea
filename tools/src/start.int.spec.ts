import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeEmbeddedPostgres } from './infrastructure/embedded-postgres.ts';
import { removeJavaKafka } from './infrastructure/java-kafka.ts';
import { findPostgresHome } from './infrastructure/postgres-home.ts';
import { identityOf, isAlive, type ProcessIdentity } from './infrastructure/process-identity.ts';
import type { StackAddresses } from './stack-file.ts';

let dataDir: string;
const running = new Set<ReturnType<typeof start>>();

beforeEach(async () => {
  dataDir = path.join(await mkdtemp(path.join(tmpdir(), 'saga start ')), 'data');
});
afterEach(async () => {
  for (const program of running) await program.stop('SIGKILL');
  running.clear();
  await removeEmbeddedPostgres(path.join(dataDir, 'postgres'));
  await removeJavaKafka(path.join(dataDir, 'kafka'));
  await rm(path.dirname(dataDir), { recursive: true });
});

describe.each([
  { name: 'on Kafka', flags: [] },
  { name: 'in memory', flags: ['--in-memory'] },
])('start, $name,', ({ flags }) => {
  it('brings up a system that takes an order to its end, and leaves nothing running', async () => {
    const program = start(...flags);
    const { services } = await program.ready();
    const placed = await fetch(`${services.order.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId: 1, productId: 1, quantity: 1, price: 10_000 }),
    });
    expect(placed.status).toBe(202);
    const { links }: { links: { self: string } } = JSON.parse(await placed.text());
    const order = await fetch(links.self, { headers: { prefer: 'wait=30' } });
    expect(await order.json()).toMatchObject({ status: 'COMPLETED' });

    const processes = await startedProcesses(services);
    expect(processes.length).toBe(flags.length === 0 ? 9 : 2); // PostgreSQL, Kafka, the services
    expect(processes.filter(isAlive).length).toBe(processes.length);
    const { code, output } = await program.stop('SIGTERM');
    expect(output).toMatch(/stopped\s*$/);
    expect(code).toBe(0);
    expect(processes.filter(isAlive)).toEqual([]);
    await expect(stat(path.join(dataDir, 'stack.json'))).rejects.toThrow('ENOENT');
  });
});

it('keeps data between starts, resets nothing, and begins anew with --fresh', async () => {
  const stockOf = async ({ services }: StackAddresses): Promise<number> => {
    const response = await fetch(`${services.product.url}/products/1`);
    return JSON.parse(await response.text()).available;
  };
  const first = start('--in-memory');
  const before = await first.ready();
  const restocked = await fetch(`${before.services.product.url}/products/1/restock`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ quantity: 5 }),
  });
  expect(restocked.status).toBe(200);
  await first.stop('SIGTERM');

  const second = start('--in-memory');
  expect(await stockOf(await second.ready())).toBe(105);
  await second.stop('SIGTERM');

  const fresh = start('--in-memory', '--fresh');
  expect(await stockOf(await fresh.ready())).toBe(100);
  await fresh.stop('SIGTERM');
});

it('is found by its folder: the books of what runs there are compared', async () => {
  const program = start('--in-memory');
  await program.ready();
  expect(await runProgram('reconcile.ts', ['--data', dataDir]).ended).toEqual({
    code: 0,
    output: 'the sagas and the services’ books agree\n',
  });
  await program.stop('SIGTERM');
  expect(await runProgram('reconcile.ts', ['--data', dataDir]).ended).toEqual({
    code: 2,
    output: expect.stringMatching(/^nothing runs on \S.*: `pnpm start` first, /),
  });
});

it('is refused in one line while another runs in the same folder (trap 23)', async () => {
  const first = start('--in-memory');
  await first.ready();
  const second = await start('--in-memory').ended;
  expect(second.code).toBe(1);
  expect(second.output.trim()).toMatch(/^\S.* is in use by process \d+: stop that first$/);
  await first.stop('SIGTERM');
});

it('says in one line that a port is in use, and starts nothing (trap 23)', async () => {
  const other = createServer().listen(8083, '127.0.0.1');
  const listening = once(other, 'listening').then(
    () => true,
    () => false, // a system that runs on this machine already has it
  );
  const ours = await listening;
  const { code, output } = await run(['--data', dataDir]).ended;
  expect(code).toBe(1);
  expect(output.trim()).toMatch(/^port 80\d\d \(the \w+ service\) is in use: stop what listens there$/);
  if (ours) other.close();
});

it.each([50, 500, 1_500, 3_000])(
  'that is interrupted after %d ms leaves nothing running (trap 23)',
  async (afterMs) => {
    const program = start('--in-memory');
    await pause(afterMs);
    const { output } = await program.stop('SIGINT');
    expect(output).not.toContain('Error');
    expect(await startedProcesses({})).toEqual([]);
    await expect(stat(path.join(dataDir, 'owner.json'))).rejects.toThrow('ENOENT');
  },
);

it('says so when a server that it has started ends by itself, and stops everything', async () => {
  const program = start('--in-memory');
  const { services } = await program.ready();
  const processes = await startedProcesses(services);
  const postgres = Number.parseInt(await readFile(await postmasterFile(), 'utf8'), 10);
  process.kill(postgres, 'SIGKILL');
  const { code, output } = await program.ended;
  expect(output).toMatch(/PostgreSQL has ended by itself: everything is stopped/);
  expect(code).toBe(1);
  expect(processes.filter(isAlive)).toEqual([]);
});

it('that was killed is cleaned up after by the next one', async () => {
  const killed = start('--in-memory');
  const { services } = await killed.ready();
  const left = await startedProcesses(services);
  await killed.stop('SIGKILL');
  await rm(path.join(dataDir, 'stack.json')); // else it would be taken for the next one's
  const next = start('--in-memory');
  await next.ready();
  expect(left.filter(isAlive)).toEqual([]);
  await next.stop('SIGTERM');
});

const start = (...flags: string[]) => run(['--free-ports', '--data', dataDir, ...flags]);

/** A program as a person starts it, without the servers of this test run. */
function runProgram(file: string, flags: string[]) {
  const { DATABASE_URL, KAFKA_BROKERS, ORCHESTRATOR_URL, ...env } = process.env;
  const child = spawn(process.execPath, [path.join(import.meta.dirname, file), ...flags], { env });
  const output = Promise.all([text(child.stdout), text(child.stderr)]).then((texts) => texts.join(''));
  const ended = once(child, 'close').then(async () => ({ code: child.exitCode, output: await output }));
  return { child, output, ended };
}

function run(flags: string[]) {
  const { child, output, ended } = runProgram('start.ts', flags);
  const program = {
    ended,
    /** Resolves when its addresses are there, which is when all is ready. */
    ready: async (): Promise<StackAddresses> => {
      for (;;) {
        const file = await readFile(path.join(dataDir, 'stack.json'), 'utf8').catch(() => undefined);
        if (file !== undefined) return JSON.parse(file);
        if (child.exitCode !== null) throw new Error(`it has ended: ${await output}`);
        await pause(100);
      }
    },
    stop: (signal: NodeJS.Signals) => {
      child.kill(signal);
      return ended;
    },
  };
  running.add(program);
  return program;
}

async function postmasterFile(): Promise<string> {
  const home = await findPostgresHome(path.join(dataDir, 'postgres'));
  return path.join(home?.data ?? dataDir, 'postmaster.pid');
}

/** All that a start has started and that still runs. */
async function startedProcesses(services: Partial<StackAddresses['services']>): Promise<ProcessIdentity[]> {
  const files = [await postmasterFile(), path.join(dataDir, 'kafka', 'kafka.pid')];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  const pids = [...texts.map((line) => Number.parseInt(line, 10)), ...Object.values(services).map(({ pid }) => pid)];
  return [...new Set(pids)].flatMap((pid) => (pid ? (identityOf(pid) ?? []) : []));
}
