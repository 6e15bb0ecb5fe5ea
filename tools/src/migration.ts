import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '@saga/service-kit/error-code';
import { migrationsFolder } from './prisma-folder.ts';
import type { ServiceName } from './service-name.ts';

/** One folder of `prisma/<service>/migrations`, as Prisma lays them out. */
export type Migration = {
  /** `<timestamp>_<name>`: their order is that of their names. */
  name: string;
  sql: string;
  /** SHA-256 of the file in hex: what Prisma keeps to notice that an applied migration was edited. */
  checksum: string;
};

/** The migrations of a service in the order in which they are applied; none when it has no such folder yet. */
export async function readMigrations(service: ServiceName): Promise<Migration[]> {
  const folder = migrationsFolder(service);
  const names = (await foldersIn(folder)).sort();
  return Promise.all(
    names.map(async (name) => {
      const file = await readFile(path.join(folder, name, 'migration.sql'));
      return { name, sql: file.toString('utf8'), checksum: createHash('sha256').update(file).digest('hex') };
    }),
  );
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
