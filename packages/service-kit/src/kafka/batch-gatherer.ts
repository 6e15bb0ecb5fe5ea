import type { ReceivedMessage } from '@saga/messages/codec';
import type { BatchHandler, LeftMessage } from '../broker.ts';
import { staysBehind } from '../left-messages.ts';

/** What one fetch brought of one partition, in order. */
export type Fetched = {
  messages: readonly ReceivedMessage[];
  /** Called as messages have been handled: everything up to this one may be forgotten. */
  handledUpTo(last: ReceivedMessage): void;
};

/** What became of it: but for `handled`, it comes again from the first message that was not handled. */
export type Outcome = 'handled' | 'rejected' | 'left' | 'abandoned';

export type BatchGatherer = {
  /** Resolves when all of it was handled, or when it is known that the rest will not be. Never rejects. */
  add(fetched: Fetched): Promise<Outcome>;
  /** What is handled at the same time, of these partition numbers, has different lanes. */
  laneOf(partition: number): number;
  /** No further batch is begun until {@link resume}. Resolves when the one at hand has ended. */
  hold(): Promise<void>;
  /** Everything gathered is let go, also what a batch at hand still works on: someone else may have it by now. */
  abandon(): void;
  resume(): void;
};

export type BatchGathererOptions = {
  maxBatch: number;
  handle: BatchHandler;
  onRejected: (error: unknown, messages: number) => void;
};

type Gathered = Fetched & { next: number; conclude: ((outcome: Outcome) => void) | undefined };
type Part = { of: Gathered; messages: readonly ReceivedMessage[] };

/**
 * Makes one batch of what came together, over all topics and partitions, and hands out one batch at a time; what comes
 * meanwhile is the next one. kafkajs delivers a fetch partition by partition, in one turn of the event loop.
 */
export function batchGatherer({ maxBatch, handle, onRejected }: BatchGathererOptions): BatchGatherer {
  let gathered: Gathered[] = [];
  let working: Promise<void> | undefined;
  let held = false;

  async function work(): Promise<void> {
    while (gathered.length > 0 && !held) {
      const parts = take();
      conclude(parts, await attempt(parts.flatMap((part) => part.messages)));
      gathered = gathered.filter(isOpen);
    }
    working = undefined;
  }

  function take(): Part[] {
    const parts: Part[] = [];
    let room = maxBatch;
    for (const of of gathered) {
      if (room === 0) break;
      const messages = of.messages.slice(of.next, of.next + room);
      room -= messages.length;
      parts.push({ of, messages });
    }
    return parts;
  }

  /** Whatever the handler throws, synchronously or not, a TypeError included: kafkajs gives up for ever on some of it. */
  async function attempt(batch: readonly ReceivedMessage[]): Promise<readonly LeftMessage[] | 'rejected'> {
    try {
      return await handle(batch);
    } catch (error) {
      onRejected(error, batch.length);
      return 'rejected';
    }
  }

  function conclude(parts: readonly Part[], left: readonly LeftMessage[] | 'rejected'): void {
    const open = parts.filter((part) => isOpen(part.of));
    if (left === 'rejected') {
      for (const { of } of open) settle(of, 'rejected');
      return;
    }
    const comesAgain = staysBehind(left);
    for (const { of, messages } of open) {
      const handled = messages.filter((message) => !comesAgain(message));
      of.next += handled.length;
      const last = handled.at(-1);
      if (last) of.handledUpTo(last);
      if (handled.length < messages.length) settle(of, 'left');
      else if (of.next === of.messages.length) settle(of, 'handled');
    }
  }

  function wake(): void {
    working ??= Promise.resolve().then(work);
  }

  return {
    add: (fetched) =>
      new Promise((resolve) => {
        gathered.push({ ...fetched, next: 0, conclude: resolve });
        wake();
      }),
    laneOf: () => 0,
    hold: async () => {
      held = true;
      await working;
    },
    abandon: () => {
      for (const each of gathered) settle(each, 'abandoned');
      gathered = [];
    },
    resume: () => {
      held = false;
      wake();
    },
  };
}

const isOpen = (each: Gathered): boolean => each.conclude !== undefined;

function settle(each: Gathered, outcome: Outcome): void {
  each.conclude?.(outcome);
  each.conclude = undefined;
}
