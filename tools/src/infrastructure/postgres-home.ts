import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { exists } from './exists.ts';
import { privateFolder } from './private-folder.ts';
import { canEnter, type RunAs } from './unprivileged-user.ts';

/** A PostgreSQL cluster, its administrator's password and its log: what belongs together and to the user who runs it. */
export type PostgresHome = { data: string; password: string; log: string };

export type HomeOptions = { dataDir: string; bin: string; user: RunAs; say: (line: string) => void };

/** Finds the home that belongs to a data folder, or makes it. */
export async function postgresHome(options: HomeOptions): Promise<PostgresHome> {
  const folder = await homeFolder(options);
  if (!(await exists(folder))) await makeHome(folder, options);
  return homeIn(folder);
}

/** The home that was made for a data folder; undefined where none was. */
export async function findPostgresHome(dataDir: string): Promise<PostgresHome | undefined> {
  const folder = (await elsewhere(dataDir)) ?? path.join(dataDir, 'home');
  return (await exists(folder)) ? homeIn(folder) : undefined;
}

async function homeIn(folder: string): Promise<PostgresHome> {
  return {
    data: path.join(folder, 'data'),
    password: await readFile(path.join(folder, 'password'), 'utf8'),
    log: path.join(folder, 'postgres.log'),
  };
}

/** Where the home is, when it cannot be in the data folder. */
const elsewhereFile = (dataDir: string) => path.join(dataDir, 'postgres-is-in');
const elsewhere = (dataDir: string) => readFile(elsewhereFile(dataDir), 'utf8').catch(() => undefined);

/** Removes all that a data folder stands for, also what is not in it. PostgreSQL must not run. */
export async function removePostgresHome(dataDir: string): Promise<void> {
  const home = await elsewhere(dataDir);
  if (home !== undefined) await rm(path.dirname(home), { recursive: true, force: true });
  await rm(dataDir, { recursive: true, force: true });
}

/** In the data folder, unless the user who runs PostgreSQL cannot get there: then in the system's temporary one. */
async function homeFolder({ dataDir, user, say }: HomeOptions): Promise<string> {
  if (await canEnter(user, dataDir)) return path.join(dataDir, 'home');
  const known = await elsewhere(dataDir);
  if (known !== undefined && (await exists(known))) return known;
  const folder = await mkdtemp(path.join(await privateFolder('saga-postgres'), 'data-'));
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid);
  const home = path.join(folder, 'home');
  await writeFile(elsewhereFile(dataDir), home);
  say(`PostgreSQL runs as another user, who cannot get to ${dataDir}: its data are in ${home}`);
  return home;
}

/** Made aside and moved into place whole: a start that is killed in the middle leaves nothing half made. */
async function makeHome(folder: string, { bin, user }: HomeOptions): Promise<void> {
  const aside = `${folder}.new`;
  const password = path.join(aside, 'password');
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { mode: 0o700 });
  await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (user.uid !== undefined && user.gid !== undefined)
    for (const made of [aside, password]) await chown(made, user.uid, user.gid);
  await promisify(execFile)(
    path.join(bin, 'initdb'),
    [...INITDB_OPTIONS, `--pwfile=${password}`, path.join(aside, 'data')],
    {
      ...user,
      cwd: aside,
    },
  );
  await rename(aside, folder);
}

/** PostgreSQL's own locale: the same order of texts on every machine, whatever is installed there. */
const INITDB_OPTIONS = [
  '--username=postgres',
  '--auth=scram-sha-256',
  '--encoding=UTF8',
  '--locale=C',
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
];
