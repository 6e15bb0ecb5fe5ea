import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { faultLog } from './fault-log.ts';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

export type KeepTryingOptions = {
  /** What is waited for, for the log: a person who starts a service is to see why it is not ready. */
  what: string;
  /** Errors that waiting does not mend reject at once; by default there are none. */
  worthwhile?: (error: unknown) => boolean;
  signal: AbortSignal;
  logger: Logger;
};

/**
 * Tries until it works, with a pause that grows and a line for each new reason: at start, nothing that a service needs
 * has to be there before it.
 *
 * @throws the signal's reason as soon as it is aborted, also in the middle of an attempt.
 */
export async function keepTrying<Result>(
  attempt: () => Promise<Result>,
  { what, worthwhile = () => true, signal, logger }: KeepTryingOptions,
): Promise<Result> {
  const log = faultLog(logger);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    try {
      return await orAborted(attempt(), signal);
    } catch (error) {
      if (signal.aborted || !worthwhile(error)) throw error;
      log.met(error, `waiting for ${what}`);
    }
    await pause(pauseMs, undefined, { signal });
  }
}

const orAborted = <Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
