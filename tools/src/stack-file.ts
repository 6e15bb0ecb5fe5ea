import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceName } from './service-name.ts';
import type { ServiceAddress } from './stack.ts';

/** Where everything is, for programs; the database's URL is an administrator's. */
export type StackAddresses = {
  databaseUrl: string;
  kafkaBrokers: readonly string[];
  services: Readonly<Record<ServiceName, ServiceAddress>>;
};

const CHECK_EVERY_MS = 500;

export const stackFileIn = (dataDir: string): string => path.join(dataDir, 'stack.json');

/**
 * Tells programs where everything is, as long as it runs: written when all of it is ready, and again whenever a
 * service has another process. The file holds a password and is for its owner only.
 *
 * @returns stops that, and removes the file.
 */
export async function keepStackFile(file: string, addresses: () => StackAddresses): Promise<() => Promise<void>> {
  let written = '';
  let writing = Promise.resolve();
  const update = async () => {
    const text = `${JSON.stringify(addresses(), undefined, 2)}\n`;
    if (text === written) return;
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file); // a reader sees the old one or the new one
    written = text;
  };
  await update();
  const timer = setInterval(() => {
    writing = writing.then(update);
  }, CHECK_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await writing;
    await rm(file, { force: true });
  };
}
