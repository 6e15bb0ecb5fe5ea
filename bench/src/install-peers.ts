import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../peers/', import.meta.url));

/** What the peers bring is half a gigabyte: it is installed when they are measured for the first time. */
export function installPeers(say: (line: string) => void): void {
  if (existsSync(`${FOLDER}node_modules/.modules.yaml`)) return;
  say('installing the peers, once (half a gigabyte)');
  const { status } = spawnSync('npx', ['--yes', 'pnpm@12', 'install', '--frozen-lockfile'], {
    cwd: FOLDER,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`the peers cannot be installed: see above, or run pnpm install in ${FOLDER}`);
}
