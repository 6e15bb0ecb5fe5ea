import type { ReceivedMessage } from '@saga/messages/codec';
import type { LeftMessage } from './broker.ts';

/** One partition of one topic: within it, messages keep their order. */
export const partitionNameOf = ({ topic, partition }: { topic: string; partition: number }): string =>
  `${topic}/${partition}`;

/**
 * Whether a message stays where it is: because it was left itself, or because it stands behind one that was. What comes
 * later in a partition must not overtake what is left there: it may be the same saga's.
 */
export function staysBehind(left: readonly LeftMessage[]): (message: ReceivedMessage) => boolean {
  if (left.length === 0) return () => false;
  const firstLeft = new Map<string, bigint>();
  for (const { received } of left) {
    const partition = partitionNameOf(received);
    const offset = BigInt(received.offset);
    const first = firstLeft.get(partition);
    if (first === undefined || offset < first) firstLeft.set(partition, offset);
  }
  return (message) => {
    const first = firstLeft.get(partitionNameOf(message));
    return first !== undefined && BigInt(message.offset) >= first;
  };
}
