import { calmDown, plot } from './adversary.ts';
import { type Violation, violationsOf } from './invariants.ts';
import { type Plan, planOf } from './plan.ts';
import { effectsOf, isAtRest } from './standing.ts';
import { World } from './world.ts';

export type Result = {
  seed: number;
  sagas: number;
  violations: readonly Violation[];
  /** How often each kind of fault happened. */
  faults: ReadonlyMap<string, number>;
  /** How many events the run was made of, and how long it took in its own time. */
  events: number;
  virtualMs: number;
};

export type Circumstances = {
  /** Gets what happens, line by line. */
  telling?: (line: string) => void;
  /** What the seed does not decide. */
  plan?: Partial<Plan>;
};

const LOOK_EVERY_MS = 2_000;
/** What has not ended so long after everything works again never will. */
const REST_WITHIN_MS = 2 * 60 * 60_000;

/** One run: a shop, its customers and everything that goes wrong; then calm; then everything must have ended right. */
export function run(seed: number, { telling, plan }: Circumstances = {}): Promise<Result> {
  const world = new World({ ...planOf(seed), ...plan }, telling);
  return world.time.during(() => live(world));
}

async function live(world: World): Promise<Result> {
  await world.open();
  world.customers.stock();
  for (const replica of world.replicas) replica.start();
  await world.time.passTo(OPENING_MS);
  world.customers.come();
  plot(world);
  await world.time.passTo(world.plan.calmAt);
  calmDown(world);
  await comeToRest(world);
  if (world.plan.replays && world.complaints.length === 0) {
    const before = effectsOf(world);
    world.network.replay();
    await comeToRest(world);
    for (const [name, row] of effectsOf(world))
      if (before.get(name) !== row)
        world.complain('what is over is not changed by a replay', `${name}: ${before.get(name)} became ${row}`);
  }
  return {
    seed: world.plan.seed,
    sagas: world.tables.orchestrator.sagas.rows.size,
    violations: violationsOf(world),
    faults: world.faults.counts,
    events: world.time.happened,
    virtualMs: world.time.now,
  };
}

async function comeToRest(world: World): Promise<void> {
  const end = world.time.now + REST_WITHIN_MS;
  do await world.time.passTo(world.time.now + LOOK_EVERY_MS);
  while (world.time.now < end && world.complaints.length === 0 && !(await isAtRest(world)));
}

/** Until then the order service has read what there is to buy. */
const OPENING_MS = 1_000;
