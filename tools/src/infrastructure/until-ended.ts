import { identityOf, isAlive } from './process-identity.ts';

const LOOK_EVERY_MS = 500;

/** Resolves when this process has ended, whoever started it; never once the signal has aborted. */
export function untilEnded(pid: number, signal: AbortSignal): Promise<void> {
  const identity = identityOf(pid);
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      if (identity !== undefined && isAlive(identity)) return;
      clearInterval(timer);
      resolve();
    }, LOOK_EVERY_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  });
}
