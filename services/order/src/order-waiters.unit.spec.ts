import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createOrderWaiters, type Waiting } from './order-waiters.ts';

/** Orders that other replicas ended, and what was asked about. */
const ended: string[] = [];
const asked: (readonly string[])[] = [];
const findEnded = async (orderIds: readonly string[]): Promise<string[]> => {
  asked.push(orderIds);
  return ended;
};
const present = (): AbortSignal => new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  ended.length = 0;
  asked.length = 0;
});

async function isOver({ over }: Waiting): Promise<boolean> {
  return Promise.race([over.then(() => true), Promise.resolve().then(() => Promise.resolve(false))]);
}

describe('whoever waits for an order', () => {
  it('is woken when it ends, and nobody else', async () => {
    const waiters = createOrderWaiters({ findEnded });
    const both = [waiters.join('a', 1_000, present()), waiters.join('a', 1_000, present())];
    const other = waiters.join('b', 1_000, present());
    waiters.wake(['a', 'c']);
    expect(await Promise.all([...both, other].map(isOver))).toEqual([true, true, false]);
    expect(waiters.waiting).toBe(1);
  });

  it('waits no longer than asked', async () => {
    const waiters = createOrderWaiters({ findEnded });
    const waiting = waiters.join('a', 1_000, present());
    vi.advanceTimersByTime(999);
    expect(await isOver(waiting)).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await isOver(waiting)).toBe(true);
    expect(waiters.waiting).toBe(0);
  });

  it('takes no place once gone', () => {
    const waiters = createOrderWaiters({ findEnded });
    const client = new AbortController();
    waiters.join('a', 1_000, client.signal);
    const waiting = waiters.join('a', 1_000, present());
    client.abort();
    expect(waiters.waiting).toBe(1);
    waiting.leave();
    waiting.leave();
    expect(waiters.waiting).toBe(0);
  });

  it('does not wait where too many do', async () => {
    const waiters = createOrderWaiters({ findEnded, maxWaiters: 1 });
    waiters.join('a', 1_000, present());
    expect(await isOver(waiters.join('b', 1_000, present()))).toBe(true);
    expect(waiters.waiting).toBe(1);
  });

  it('is let go when the service stops, and nobody waits any more', async () => {
    const waiters = createOrderWaiters({ findEnded });
    const waiting = waiters.join('a', 1_000, present());
    waiters.close();
    expect(await isOver(waiting)).toBe(true);
    expect(await isOver(waiters.join('a', 1_000, present()))).toBe(true);
  });
});

describe('an order that another replica ended', () => {
  it('is found by one question for all that are waited for', async () => {
    const waiters = createOrderWaiters({ findEnded });
    const waiting = [waiters.join('a', 1_000, present()), waiters.join('b', 1_000, present())];
    ended.push('b');
    await waiters.poll();
    expect(asked).toEqual([['a', 'b']]);
    expect(await Promise.all(waiting.map(isOver))).toEqual([false, true]);
  });

  it('is not asked for while nobody waits', async () => {
    await createOrderWaiters({ findEnded }).poll();
    expect(asked).toEqual([]);
  });
});
