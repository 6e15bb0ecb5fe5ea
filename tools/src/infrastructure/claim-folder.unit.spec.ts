import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimFolder, livingOwnerOf } from './claim-folder.ts';
import { identityOf } from './process-identity.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'claim-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('a folder that a living process works in is refused to others, in one line that names it', async () => {
  await writeFile(path.join(folder, 'owner.json'), JSON.stringify(identityOf(process.ppid)));
  await expect(claimFolder(folder)).rejects.toThrow(`${folder} is in use by process ${process.ppid}: stop that first`);
});

it('a folder is free again when it is released', async () => {
  const claim = await claimFolder(folder);
  expect(await livingOwnerOf(folder)).toEqual(identityOf(process.pid));
  await claim.release();
  expect(await livingOwnerOf(folder)).toBeUndefined();
});

it('a claim whose process is gone counts no more', async () => {
  const { pid } = spawnSync('true');
  await writeFile(path.join(folder, 'owner.json'), JSON.stringify({ pid, startedAt: '1' }));
  await claimFolder(folder);
  expect(await livingOwnerOf(folder)).toEqual(identityOf(process.pid));
});

it('another process that got the number of the one that claimed is not taken for it', async () => {
  await writeFile(path.join(folder, 'owner.json'), JSON.stringify({ pid: process.ppid, startedAt: 'long ago' }));
  await claimFolder(folder);
  expect(await livingOwnerOf(folder)).toEqual(identityOf(process.pid));
});
