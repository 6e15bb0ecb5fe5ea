import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whom a child process runs as; empty: as ourselves. */
export type RunAs = { uid?: number; gid?: number };

const USER = 'postgres';

/**
 * PostgreSQL refuses to run as root: there, the system's user `postgres` runs it, and is made if there is none.
 *
 * @throws Error in one line when it cannot be made.
 */
export async function unprivilegedUser(): Promise<RunAs> {
  if (process.getuid?.() !== 0) return {};
  const known = await idsOf(USER);
  if (known !== undefined) return known;
  await run('useradd', ['--system', '--user-group', '--no-create-home', USER]).catch((error: Error) => {
    throw new Error(
      `PostgreSQL does not run as root, and the user ${USER} cannot be made (${error.message.trim()}): run this as another user, or set DATABASE_URL`,
    );
  });
  const made = await idsOf(USER);
  if (made === undefined) throw new Error(`the user ${USER} was made, but the system does not know it`);
  return made;
}

async function idsOf(user: string): Promise<{ uid: number; gid: number } | undefined> {
  try {
    const [uid, gid] = await Promise.all([run('id', ['-u', user]), run('id', ['-g', user])]);
    return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
  } catch {
    return undefined; // id says so when there is no such user
  }
}

/** Whether that user can get into the folder, through every parent. */
export async function canEnter(user: RunAs, folder: string): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'cd -- "$0"', folder], { ...user, cwd: '/' });
    return true;
  } catch {
    return false; // the shell says so when it cannot
  }
}
