import { setTimeout } from 'node:timers/promises';

/** The time of this process, and waiting in it. What is compared with stored rows is timed by the database instead. */
export interface Clock {
  now(): Date;
  /** @throws the signal's reason as soon as it is aborted. */
  pause(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => new Date(),
  pause: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
};
