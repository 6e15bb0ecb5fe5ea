import type { ReceivedMessage } from '@saga/messages/codec';
import type { BatchHandler } from './broker.ts';

/** Stands where a service would: keeps what it is given, and tells when there is enough of it. */
export type MessageRecorder = {
  handle: BatchHandler;
  readonly received: readonly ReceivedMessage[];
  /** The bodies, as text. */
  values(): (string | null)[];
  /** How many messages each batch had. */
  readonly sizes: readonly number[];
  /** Resolves once the condition holds after a batch, or at once. */
  until(condition: () => boolean): Promise<void>;
};

export function messageRecorder(): MessageRecorder {
  const received: ReceivedMessage[] = [];
  const sizes: number[] = [];
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];

  return {
    received,
    sizes,
    values: () => received.map(textOf),
    handle: async (batch) => {
      received.push(...batch);
      sizes.push(batch.length);
      const met = waiting.filter(({ condition }) => condition());
      waiting = waiting.filter((each) => !met.includes(each));
      for (const { resolve } of met) resolve();
      return [];
    },
    until: async (condition) => {
      if (condition()) return;
      await new Promise<void>((resolve) => waiting.push({ condition, resolve }));
    },
  };
}

export const textOf = ({ value }: ReceivedMessage): string | null => (value === null ? null : value.toString('utf8'));
