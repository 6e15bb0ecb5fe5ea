import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../peers/', import.meta.url));

/** What the peers bring is half a gigabyte: it is installed where they are measured; in a moment when it is there. */
export function installPeers(say: (line: string) => void): void {
  say('installing the peers (half a gigabyte, the first time)');
  const args = ['--yes', 'pnpm@12', 'install', '--frozen-lockfile', '--prefer-offline'];
  const { status } = spawnSync('npx', args, { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`the peers cannot be installed: see above, or run pnpm install in ${FOLDER}`);
}
