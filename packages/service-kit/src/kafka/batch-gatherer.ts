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
  /** No further batch is begun until {@link resume}. Resolves when those at hand have ended. */
  hold(): Promise<void>;
  /** Everything gathered is let go, also what a batch at hand still works on: someone else may have it by now. */
  abandon(): void;
  resume(): void;
};

export type BatchGathererOptions = {
  maxBatch: number;
  /** At most so many batches are handed out at a time. */
  lanes: number;
  handle: BatchHandler;
  onRejected: (error: unknown, messages: number) => void;
};

type Gathered = Fetched & { next: number; conclude: ((outcome: Outcome) => void) | undefined };
type Part = { of: Gathered; messages: readonly ReceivedMessage[] };

/**
 * Makes one batch of what came together, over all topics and partitions; what comes meanwhile is the next one. kafkajs
 * delivers a fetch partition by partition, in one turn of the event loop.
 *
 * Where much waits and there are several lanes, it is shared out among them: one batch is handled while another waits
 * for the database. What has one partition number, whatever its topic, is never in two batches at a time. Both clients
 * fetch again from a broker node when all of the last fetch is done with: what comes meanwhile comes from another node.
 */
export function batchGatherer({ maxBatch, lanes, handle, onRejected }: BatchGathererOptions): BatchGatherer {
  /** Fewer messages are no batch of their own beside another one: the smaller a batch, the dearer a message. */
  const leastBeside = maxBatch / 2;
  let gathered: Gathered[] = [];
  /** The partition numbers of each batch at work. */
  const atWork = new Map<Promise<void>, ReadonlySet<number>>();
  let woken = false;
  let held = false;

  function begin(): void {
    woken = false;
    while (!held && atWork.size < lanes) {
      const parts = take();
      if (parts.length === 0) return;
      const batch = work(parts).then(() => {
        atWork.delete(batch);
        begin();
      });
      atWork.set(batch, new Set(parts.map(({ of }) => partitionOf(of))));
    }
  }

  async function work(parts: readonly Part[]): Promise<void> {
    conclude(parts, await attempt(parts.flatMap(({ messages }) => messages)));
    gathered = gathered.filter(isOpen);
  }

  /** Whole partition numbers, as near to a fair share of what waits as they come; no rest that is no batch of its own. */
  function take(): Part[] {
    const isAtWork = (each: Gathered) => [...atWork.values()].some((numbers) => numbers.has(partitionOf(each)));
    const free = gathered.filter((each) => !isAtWork(each));
    const waiting = countOf(free);
    if (atWork.size > 0 && waiting < leastBeside) return [];
    const batches = Math.max(1, Math.min(lanes - atWork.size, Math.floor(waiting / leastBeside)));
    const parts: Part[] = [];
    let taken = 0;
    for (const sameNumber of Map.groupBy(free, partitionOf).values()) {
      const isNearest = taken + countOf(sameNumber) / 2 > waiting / batches;
      if (taken === maxBatch || (taken > 0 && isNearest && waiting - taken >= leastBeside)) break;
      for (const of of sameNumber) {
        const messages = of.messages.slice(of.next, of.next + maxBatch - taken);
        taken += messages.length;
        parts.push({ of, messages });
      }
    }
    return parts.filter(({ messages }) => messages.length > 0);
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
    if (woken) return;
    woken = true;
    queueMicrotask(begin);
  }

  return {
    add: async (fetched) => {
      if (fetched.messages.length === 0) return 'handled';
      return new Promise((resolve) => {
        gathered.push({ ...fetched, next: 0, conclude: resolve });
        wake();
      });
    },
    hold: async () => {
      held = true;
      await Promise.all(atWork.keys());
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

const partitionOf = ({ messages: [first] }: Fetched): number => first?.partition ?? 0;

const countOf = (all: readonly Gathered[]): number =>
  all.reduce((sum, { messages, next }) => sum + messages.length - next, 0);

const isOpen = (each: Gathered): boolean => each.conclude !== undefined;

function settle(each: Gathered, outcome: Outcome): void {
  each.conclude?.(outcome);
  each.conclude = undefined;
}
