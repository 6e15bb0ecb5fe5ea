import type { Logger } from 'pino';
import { faultLog } from './fault-log.ts';
import { isTransient } from './faults.ts';
import type { BackgroundTask } from './service.ts';

export interface PeriodicTask extends BackgroundTask {
  /** Runs now, or once more after the run at hand: what woke it may have come too late for that one. */
  wake(): void;
}

export type PeriodicOptions = {
  /** What it does, for the log. */
  name: string;
  /** From the end of a run to the beginning of the next. */
  everyMs: number;
  /** A long one looks now and then whether it is to end early. */
  run: (stopping: AbortSignal) => Promise<void>;
  logger: Logger;
};

/**
 * Runs at once and then every so often, never two runs at a time. A run that fails is logged (of a fault that lasts, the
 * first) and the next one comes at its time: whoever runs periodically is its own retry.
 */
export function periodic({ name, everyMs, run, logger }: PeriodicOptions): PeriodicTask {
  const faults = faultLog(logger);
  const stopping = new AbortController();
  let started = false;
  let woken = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;

  async function runAndGoOn(): Promise<void> {
    do {
      woken = false;
      await runOnce();
    } while (woken && !stopping.signal.aborted);
    running = undefined;
    if (!stopping.signal.aborted) timer = setTimeout(begin, everyMs);
  }

  async function runOnce(): Promise<void> {
    try {
      await run(stopping.signal);
      faults.passed();
    } catch (error) {
      if (isTransient(error)) faults.met(error, 'task failed: it runs again', { task: name });
      else logger.error({ task: name, err: error }, 'task failed: it runs again');
    }
  }

  function begin(): void {
    if (!started || stopping.signal.aborted) return;
    clearTimeout(timer);
    woken = running !== undefined;
    running ??= runAndGoOn();
  }

  return {
    start: () => {
      started = true;
      begin();
    },
    wake: begin,
    stop: async () => {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}
