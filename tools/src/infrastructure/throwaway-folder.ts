import { chmod, mkdtemp, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { claimFolder, livingOwnerOf } from './claim-folder.ts';
import { privateFolder } from './private-folder.ts';

const PREFIX = 'throwaway-';

/** A folder is made first and claimed then: one without a claim is abandoned only when it is older than this. */
const CLAIMED_WITHIN_MS = 60_000;

/**
 * A new folder for what is not kept, claimed by this process. Those that killed processes left are cleared away first.
 *
 * @param remove stops what may still run in an abandoned folder, and removes it.
 */
export async function throwawayFolder(kind: string, remove: (folder: string) => Promise<void>): Promise<string> {
  const parent = await privateFolder(`saga-${kind}`);
  const others = (await readdir(parent)).filter((name) => name.startsWith(PREFIX));
  for (const name of others) if (await isAbandoned(path.join(parent, name))) await remove(path.join(parent, name));
  const folder = await mkdtemp(path.join(parent, PREFIX));
  await chmod(folder, 0o711); // whoever runs a program in it may have to pass through
  await claimFolder(folder);
  return folder;
}

async function isAbandoned(folder: string): Promise<boolean> {
  if ((await livingOwnerOf(folder)) !== undefined) return false;
  const made = await stat(folder).catch(() => undefined);
  return made !== undefined && Date.now() - made.mtimeMs > CLAIMED_WITHIN_MS;
}
