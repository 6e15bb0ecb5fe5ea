import type { BatchGatherer, Fetched } from './batch-gatherer.ts';

/**
 * Several gatherers side by side. What has one partition number stays in one of them, whatever its topic, so that
 * what has one key is handled in order, while the batch of another lane waits for the database.
 */
export function inLanes(lanes: number, create: () => BatchGatherer): BatchGatherer {
  const all = Array.from({ length: lanes }, create);
  /** Dealt out in the order of their coming: which numbers this member has, and how many, is not known before. */
  const dealt = new Map<number, number>();

  function laneOf(partition: number): number {
    const lane = dealt.get(partition) ?? dealt.size % lanes;
    dealt.set(partition, lane);
    return lane;
  }

  function gathererOf({ messages: [first] }: Fetched): BatchGatherer {
    const lane = all[laneOf(first?.partition ?? 0)];
    if (!lane) throw new RangeError(`there are ${lanes} lanes: one is needed`);
    return lane;
  }

  return {
    add: (fetched) => gathererOf(fetched).add(fetched),
    laneOf,
    hold: async () => {
      await Promise.all(all.map((lane) => lane.hold()));
    },
    abandon: () => {
      for (const lane of all) lane.abandon();
    },
    resume: () => {
      for (const lane of all) lane.resume();
    },
  };
}
