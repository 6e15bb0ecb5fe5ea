import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import type { BatchHandler, LeftMessage } from './broker.ts';
import { partitionNameOf, staysBehind } from './left-messages.ts';

export type HeldBack = {
  /** Stands around the handler and remembers what it leaves. */
  watch(handle: BatchHandler): BatchHandler;
  /** What waits for what, in a sentence for people; undefined while nothing does. */
  notice(): string | undefined;
};

export type HeldBackOptions = { registry: Registry; logger: Logger; now?: () => number };

type Wait = { waitsFor: string; key: string | null; messages: number; seenAt: number };

/** What was left comes again every few seconds: what is not seen any more was handled, here or by another replica. */
const FORGOTTEN_AFTER_MS = 30_000;

/**
 * Makes visible what a replica leaves for another one (trap 30). It is no reason to be unready: all other partitions are
 * served, and in a rolling deployment nobody else may be there yet.
 */
export function createHeldBack({ registry, logger, now = () => performance.now() }: HeldBackOptions): HeldBack {
  const waits = new Map<string, Wait>();

  function current(): Wait[] {
    for (const [partition, { seenAt }] of waits) if (now() - seenAt > FORGOTTEN_AFTER_MS) waits.delete(partition);
    return [...waits.values()];
  }

  function note(partition: string, { waitsFor, received: { key } }: LeftMessage, messages: number): void {
    if (!current().some((wait) => wait.waitsFor === waitsFor))
      logger.warn({ partition, key }, `left for a replica that can handle it: waits for ${waitsFor}`);
    waits.set(partition, { waitsFor, key, messages, seenAt: now() });
  }

  new Gauge({
    name: 'saga_messages_held_back',
    help: 'Messages seen that this replica leaves for one that can handle them; more may stand behind them',
    registers: [registry],
    collect() {
      this.set(current().reduce((sum, { messages }) => sum + messages, 0));
    },
  });

  return {
    watch: (handle) => async (batch) => {
      const left = await handle(batch);
      if (left.length === 0 && waits.size === 0) return left;
      const comesAgain = staysBehind(left);
      for (const [partition, messages] of Map.groupBy(batch, partitionNameOf)) {
        const first = left.find(({ received }) => partitionNameOf(received) === partition);
        if (first) note(partition, first, messages.filter(comesAgain).length);
        else waits.delete(partition);
      }
      return left;
    },
    notice: () => {
      const grouped = Map.groupBy(current(), ({ waitsFor }) => waitsFor);
      const sentences = [...grouped].map(
        ([waitsFor, [first, ...others]]) =>
          `${counted(1 + others.length)} for ${waitsFor}${first?.key ? `, e.g. ${first.key}` : ''}`,
      );
      return sentences.length > 0 ? sentences.join('; ') : undefined;
    },
  };
}

const counted = (partitions: number): string =>
  partitions === 1 ? '1 partition waits' : `${partitions} partitions wait`;
