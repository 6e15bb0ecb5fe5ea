import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { withConnection } from '../database-connection.ts';
import { removeEmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts';
import { freePorts } from './ports.ts';
import { findPostgresHome } from './postgres-home.ts';
import { identityOf, isAlive } from './process-identity.ts';

let dataDir: string;
const start = (port?: number) => startEmbeddedPostgres({ dataDir, port, database: 'postgres', say: () => undefined });
const run = <Row extends object>(url: string, sql: string) =>
  withConnection(url, async (client) => (await client.query<Row>(sql)).rows);

beforeEach(async () => {
  dataDir = path.join(await mkdtemp(path.join(tmpdir(), 'embedded postgres ')), 'data');
});
afterEach(() => removeEmbeddedPostgres(dataDir));

it('keeps its data, and the password, from one start to the next', async () => {
  const first = await start();
  await run(first.url, 'CREATE TABLE kept AS SELECT 1 AS one');
  await first.stop();
  const second = await start();
  expect(await run(second.url, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
  expect(new URL(second.url).password).toBe(new URL(first.url).password);
  await second.stop();
});

it('stops the server that a killed start has left, and starts', async () => {
  const left = leaveServer();
  const postgres = await start();
  expect(left !== undefined && isAlive(left)).toBe(false);
  expect(await run(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await postgres.stop();
});

it('does not take another process for the server that died with this number', async () => {
  const postgres = await start();
  const home = await findPostgresHome(dataDir);
  const pidFile = path.join(home?.data ?? '', 'postmaster.pid');
  const whileItRuns = await readFile(pidFile, 'utf8');
  await postgres.stop();
  await writeFile(pidFile, whileItRuns.replace(String(postgres.pid), String(process.pid)));
  const again = await start();
  expect(await run(again.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await again.stop();
});

it('says in one line that its port is in use, and leaves nothing behind', async () => {
  const [port = 0] = await freePorts(1);
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  await expect(start(port)).rejects.toThrow(`port ${port} (PostgreSQL) is in use`);
  other.close();
  const postgres = await start(port);
  expect(new URL(postgres.url).port).toBe(String(port));
  await postgres.stop();
});

/** A process that starts a server and is killed. */
function leaveServer() {
  const library = path.join(import.meta.dirname, 'embedded-postgres.ts');
  const program = `
    import { startEmbeddedPostgres } from ${JSON.stringify(library)};
    const options = { dataDir: ${JSON.stringify(dataDir)}, database: 'postgres', say: () => undefined };
    const { pid } = await startEmbeddedPostgres(options);
    process.stdout.write(String(pid), () => process.kill(process.pid, 'SIGKILL'));`;
  const { stdout, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  expect(signal).toBe('SIGKILL');
  const left = identityOf(Number(stdout));
  expect(left).toBeDefined();
  return left;
}
