import { type Clock, systemClock } from '../clock.ts';

/** Where a partition is to be read on: a committed offset is that of the next message. The topic has its prefix. */
export type NextOffset = { topic: string; partition: number; offset: string };

export type OffsetCommitter = {
  /** Never waits: what a crash leaves uncommitted comes again, and the inbox knows it. */
  note(next: NextOffset): void;
  /** Resolves when what was noted has been committed, or could not be at two attempts. Never rejects. */
  flush(): Promise<void>;
  /** After a rebalance others own the partitions: nothing of what was noted may be committed any more. */
  forget(): void;
};

export type OffsetCommitterOptions = {
  commit: (offsets: NextOffset[]) => Promise<void>;
  onFailed: (error: unknown) => void;
  clock?: Clock;
};

/** A commit per batch would cost a busy broker more than the few messages that a crash repeats. */
const REST_MS = 1_000;

/** Commits beside the work: at most one commit is under way, and what is noted meanwhile makes the next one. */
export function offsetCommitter({ commit, onFailed, clock = systemClock }: OffsetCommitterOptions): OffsetCommitter {
  let noted = new Map<string, NextOffset>();
  let generation = 0;
  let last: Promise<boolean> = Promise.resolve(true);
  let working: Promise<void> | undefined;

  const commitNoted = (): Promise<boolean> => {
    last = last.then(send);
    return last;
  };

  async function send(): Promise<boolean> {
    if (noted.size === 0) return true;
    const sent = noted;
    const sentIn = generation;
    noted = new Map();
    try {
      await commit([...sent.values()]);
      return true;
    } catch (error) {
      onFailed(error);
      if (sentIn === generation) noted = new Map([...sent, ...noted]);
      return false;
    }
  }

  async function work(): Promise<void> {
    while (noted.size > 0) {
      await commitNoted();
      await clock.pause(REST_MS);
    }
    working = undefined;
  }

  return {
    note: (next) => {
      noted.set(`${next.topic}/${next.partition}`, next);
      if (!working) working = work();
    },
    flush: async () => {
      // Nobody tries later: the first attempt may only have met a connection that broke.
      if (!(await commitNoted())) await commitNoted();
    },
    forget: () => {
      noted = new Map();
      generation += 1;
    },
  };
}
