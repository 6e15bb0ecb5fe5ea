import { setTimeout as pause } from 'node:timers/promises';

/** Rejects when the work has not ended in time. The work itself goes on: nothing here can be cancelled. */
export async function within<Result>(limitMs: number, what: string, work: Promise<Result>): Promise<Result> {
  const done = new AbortController();
  const late = pause(limitMs, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${what} took longer than ${limitMs} ms`);
  });
  late.catch(() => {}); // the pause is cut short when the work ends in time
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}
