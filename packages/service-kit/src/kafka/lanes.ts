import type { BatchGatherer, Fetched } from './batch-gatherer.ts';

/**
 * Several gatherers side by side. What has one partition number stays in one of them, whatever its topic, so that
 * what has one key is handled in order, while the batch of another lane waits for the database.
 */
export function inLanes(lanes: number, create: () => BatchGatherer): BatchGatherer {
  const all = Array.from({ length: lanes }, create);
  /** Dealt out in the order of their coming: which numbers this member has, and how many, is not known before. */
  const dealt = new Map<number, BatchGatherer>();

  function laneOf({ messages: [first] }: Fetched): BatchGatherer {
    const partition = first?.partition ?? 0;
    const lane = dealt.get(partition) ?? all[dealt.size % lanes];
    if (!lane) throw new RangeError(`there are ${lanes} lanes: one is needed`);
    dealt.set(partition, lane);
    return lane;
  }

  return {
    add: (fetched) => laneOf(fetched).add(fetched),
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
