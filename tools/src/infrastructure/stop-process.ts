import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '@saga/service-kit/error-code';
import { identityOf, isAlive, type ProcessIdentity } from './process-identity.ts';

const POLL_MS = 25;
const KILLED_WITHIN_MS = 5_000;

/**
 * Asks a process to end, and ends it when it does not within the time.
 *
 * @returns whether it ended by itself.
 */
export async function stopProcess(pid: number, withinMs: number, asking: NodeJS.Signals = 'SIGTERM'): Promise<boolean> {
  const identity = identityOf(pid);
  if (identity === undefined) return true;
  signal(pid, asking);
  if (await ended(identity, withinMs)) return true;
  signal(pid, 'SIGKILL');
  await ended(identity, KILLED_WITHIN_MS);
  return false;
}

/** Whether it has ended before the time is over. */
export async function ended(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (isAlive(identity)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errorCode(error) === 'ESRCH') return; // it has ended meanwhile
    throw error;
  }
}
