import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PeriodicTask, periodic } from './periodic.ts';

const EVERY_MS = 1_000;

let runs: { end: (error?: Error) => void }[];
let task: PeriodicTask;
let logged: Record<string, unknown>[];

/** As far as the event loop comes without the clock moving on. */
const settle = () => vi.advanceTimersByTimeAsync(0);
const endLast = async (error?: Error) => {
  runs.at(-1)?.end(error);
  await settle();
};

beforeEach(() => {
  vi.useFakeTimers();
  runs = [];
  logged = [];
  task = periodic({
    name: 'sweep',
    everyMs: EVERY_MS,
    run: () =>
      new Promise((resolve, reject) => {
        runs.push({ end: (error) => (error ? reject(error) : resolve()) });
      }),
    logger: pino({}, { write: (line: string) => logged.push(JSON.parse(line)) }),
  });
});
afterEach(() => vi.useRealTimers());

describe('a periodic task', () => {
  it('does nothing until it is started', async () => {
    task.wake();
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect(runs).toHaveLength(0);
  });

  it('runs at once, and again some time after the end of a run', async () => {
    task.start();
    expect(runs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(runs).toHaveLength(1);
    await endLast();
    await vi.advanceTimersByTimeAsync(EVERY_MS - 1);
    expect(runs).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(runs).toHaveLength(2);
  });

  it('runs now when it is woken', async () => {
    task.start();
    await endLast();
    task.wake();
    expect(runs).toHaveLength(2);
    await endLast();
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect(runs).toHaveLength(3);
  });

  it('runs once more, and only once, when it is woken during a run', async () => {
    task.start();
    task.wake();
    task.wake();
    await endLast();
    expect(runs).toHaveLength(2);
    await endLast();
    expect(runs).toHaveLength(2);
  });

  it('goes on after a fault, with one short line for what may pass and a long one for a bug', async () => {
    task.start();
    for (let run = 0; run < 2; run += 1) {
      await endLast(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }));
      await vi.advanceTimersByTimeAsync(EVERY_MS);
    }
    await endLast(new TypeError('undefined is not a function'));
    await vi.advanceTimersByTimeAsync(EVERY_MS);
    expect(runs).toHaveLength(4);
    expect(logged).toMatchObject([
      { level: 40, task: 'sweep', error: 'connect ECONNREFUSED' },
      { level: 50, task: 'sweep', err: { type: 'TypeError' } },
    ]);
  });

  it('stops after the run at hand', async () => {
    task.start();
    let stopped = false;
    const stopping = task.stop().then(() => {
      stopped = true;
    });
    task.wake();
    await settle();
    expect(stopped).toBe(false);
    await endLast();
    await stopping;
    await vi.advanceTimersByTimeAsync(10 * EVERY_MS);
    expect(runs).toHaveLength(1);
  });
});
