import { mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * A folder of ours below the system's temporary one, which others can pass through but not write to.
 *
 * @throws Error when somebody else made it: what it holds is not to be trusted.
 */
export async function privateFolder(name: string): Promise<string> {
  const folder = path.join(tmpdir(), `${name}-${process.getuid?.()}`);
  await mkdir(folder, { recursive: true, mode: 0o711 });
  if ((await stat(folder)).uid !== process.getuid?.()) throw new Error(`${folder} belongs to another user: remove it`);
  return folder;
}
