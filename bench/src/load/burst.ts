import type { Outcome, RunningSystem } from '../systems/system.ts';
import type { OrderSource } from './order-source.ts';

export type Burst = {
  orders: number;
  /** As many requests wait for their answer at a time. */
  requests: number;
};

/** Places orders as quickly as they are accepted; resolves with their ends when all have been accepted. */
export async function placeAll(
  system: RunningSystem,
  source: OrderSource,
  { orders, requests }: Burst,
): Promise<Promise<Outcome>[]> {
  const ends: Promise<Outcome>[] = [];
  let placed = 0;
  const placeOneAfterTheOther = async (): Promise<void> => {
    while (placed < orders) {
      placed += 1;
      await new Promise<void>((accepted, refused) => {
        const end = system.run(source.next(), accepted);
        end.catch(refused);
        ends.push(end);
      });
    }
  };
  await Promise.all(Array.from({ length: requests }, placeOneAfterTheOther));
  return ends;
}

/**
 * Resolves when all have ended, with how many have not after so long: those are lost.
 *
 * @throws where more orders, or fewer, were cancelled than the source says.
 */
export async function drained(
  ends: readonly Promise<Outcome>[],
  source: OrderSource,
  lostAfterMs: number,
): Promise<number> {
  let ended = 0;
  let cancelled = 0;
  const all = Promise.all(
    ends.map(async (end) => {
      if ((await end) === 'CANCELLED') cancelled += 1;
      ended += 1;
    }),
  );
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const limit = setTimeout(resolve, lostAfterMs);
  await Promise.race([all, over]);
  clearTimeout(limit);
  source.checkOutcomes({ ended, cancelled });
  return ends.length - ended;
}
