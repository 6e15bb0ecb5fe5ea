import { Chance } from './chance.ts';

/** What the seed decides of a run before it begins. Probabilities are per occasion, times in milliseconds. */
export type Plan = {
  seed: number;
  orders: number;
  /** They come within this time. */
  orderingMs: number;
  partitions: number;
  maxBatch: number;
  replicas: number;
  /** From here on everything works, and everything that was begun has to end. */
  calmAt: number;
  loss: number;
  doubling: number;
  delay: number;
  echo: number;
  crash: number;
  stall: number;
  databaseFault: number;
  brokerFault: number;
  technicalFailure: number;
  silences: number;
  clockJumps: number;
  outages: number;
  /** Messages that nobody can read, or that belong to no saga. */
  garbage: number;
  cancellations: number;
  acts: number;
  /** Some replicas of the orchestrator do not know the newest definition yet. */
  rollsOut: boolean;
  /** In the end, everything that ever arrived arrives once more. */
  replays: boolean;
};

const SHORTEST_MS = 40_000;
const LONGEST_MS = 150_000;

/** Some runs have little of a kind, some much: a fault hides behind others as easily as it shows without them. */
export function planOf(seed: number): Plan {
  const chance = new Chance(seed);
  const often = (most: number): number => chance.oneOf([0, 0.3, 1, 1]) * most;
  const times = (most: number): number => chance.between(0, most);
  return {
    seed,
    orders: chance.between(20, 70),
    orderingMs: chance.oneOf([2_000, 10_000, 30_000]),
    partitions: chance.oneOf([1, 2, 4]),
    maxBatch: chance.oneOf([1, 3, 10, 100]),
    replicas: chance.oneOf([1, 2, 2, 3]),
    calmAt: chance.between(SHORTEST_MS, LONGEST_MS),
    loss: often(0.06),
    doubling: often(0.2),
    delay: often(0.2),
    echo: often(0.1),
    crash: often(0.02),
    stall: often(0.015),
    databaseFault: often(0.02),
    brokerFault: often(0.05),
    technicalFailure: often(0.1),
    silences: times(3),
    clockJumps: times(4),
    outages: times(3),
    garbage: times(3),
    cancellations: often(0.4),
    acts: times(40),
    rollsOut: chance.happens(0.3),
    replays: chance.happens(0.3),
  };
}
