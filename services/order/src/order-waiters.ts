/** Holds requests that asked to wait (`Prefer: wait`) until their order has ended. Bounded in number and in time. */
export interface OrderWaiters {
  /** To be called before the order is looked at, so that no end falls between the look and the wait. */
  join(orderId: string, timeoutMs: number, gone: AbortSignal): Waiting;
  /** Tells that these orders have ended: by this replica's own fold, right after its commit. */
  wake(orderIds: readonly string[]): void;
  /** Asks the database once for all that wait: other replicas end orders too. For one tick. */
  poll(): Promise<void>;
  readonly waiting: number;
  /** Lets everybody go, and nobody wait any more: a stop is not held up by those who wait. */
  close(): void;
}

export interface Waiting {
  /**
   * Resolves once the order has ended, the time is up, the caller is gone or has left, or the service stops; at once
   * when too many wait already.
   */
  readonly over: Promise<void>;
  leave(): void;
}

const MAX_WAITERS = 10_000;

export type OrderWaitersOptions = {
  /** Which of these orders have ended, on whatever replica. */
  findEnded: (orderIds: readonly string[]) => Promise<readonly string[]>;
  maxWaiters?: number;
};

export function createOrderWaiters({ findEnded, maxWaiters = MAX_WAITERS }: OrderWaitersOptions): OrderWaiters {
  const waiters = new Map<string, Set<() => void>>();
  let waiting = 0;
  let closed = false;

  const wake = (orderIds: Iterable<string>): void => {
    for (const orderId of orderIds) for (const leave of waiters.get(orderId) ?? []) leave();
  };

  return {
    join: (orderId, timeoutMs, gone) => {
      if (closed || gone.aborted || waiting >= maxWaiters) return { over: Promise.resolve(), leave: () => {} };
      const { promise, resolve } = Promise.withResolvers<void>();
      const others = waiters.get(orderId) ?? new Set();
      const leave = (): void => {
        if (!others.delete(leave)) return;
        if (others.size === 0) waiters.delete(orderId);
        waiting -= 1;
        clearTimeout(timer);
        gone.removeEventListener('abort', leave);
        resolve();
      };
      const timer = setTimeout(leave, timeoutMs);
      gone.addEventListener('abort', leave);
      waiters.set(orderId, others.add(leave));
      waiting += 1;
      return { over: promise, leave };
    },
    wake,
    poll: async () => {
      if (waiters.size > 0) wake(await findEnded([...waiters.keys()]));
    },
    get waiting() {
      return waiting;
    },
    close: () => {
      closed = true;
      wake(waiters.keys());
    },
  };
}
