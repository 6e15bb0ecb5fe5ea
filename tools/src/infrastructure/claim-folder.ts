import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '@saga/service-kit/error-code';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

/** A folder that one living process works in; `release` lets the next one in. */
export type Claim = { release(): Promise<void> };

/** Somebody else's leftover is removed and the claim tried again; more than a few times means that it is not ours to have. */
const TRIES = 5;

/**
 * Makes the folder this process's own until it ends, however it ends: a claim whose process is gone counts no more.
 *
 * @throws Error in one line when another living process has it.
 */
export async function claimFolder(folder: string): Promise<Claim> {
  await mkdir(folder, { recursive: true });
  const file = ownerFile(folder);
  const mine = `${file}.${process.pid}`;
  await writeFile(mine, JSON.stringify(identityOf(process.pid)));
  try {
    for (let tries = 1; !(await linked(mine, file)); tries += 1) {
      const owner = await livingOwnerOf(folder);
      if (owner?.pid === process.pid) break;
      if (owner !== undefined || tries === TRIES)
        throw new Error(`${folder} is in use by process ${owner?.pid ?? 'unknown'}: stop that first`);
      await rm(file, { force: true });
    }
  } finally {
    await rm(mine, { force: true });
  }
  return { release: () => rm(file, { force: true }) };
}

/** The process that works in a folder; undefined when none does, or none that still lives. */
export async function livingOwnerOf(folder: string): Promise<ProcessIdentity | undefined> {
  try {
    const owner: ProcessIdentity = JSON.parse(await readFile(ownerFile(folder), 'utf8'));
    return isAlive(owner) ? owner : undefined;
  } catch {
    return undefined; // not claimed, or released meanwhile
  }
}

const ownerFile = (folder: string) => path.join(folder, 'owner.json');

/** Atomic, and refused where the file exists. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}
