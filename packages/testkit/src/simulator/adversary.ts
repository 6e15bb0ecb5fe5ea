import { serviceNames, type World } from './world.ts';

const LONGEST_SILENCE_MS = 15 * 60_000;
const LONGEST_OUTAGE_MS = 60_000;
const FORWARD_MS = 20 * 60_000;
const BACKWARD_MS = 5 * 60_000;

/** From now on things go wrong: on every occasion, and at random moments what no occasion brings about by itself. */
export function plot(world: World): void {
  const { plan, chance, time, faults } = world;
  faults.isCalm = false;
  const atSomeTime = (times: number, act: () => void): void => {
    for (let done = 0; done < times; done += 1) time.after(chance.fraction() * plan.calmAt, act);
  };
  const untilCalm = (longest: number): number =>
    Math.min(chance.fraction() * longest, Math.max(0, plan.calmAt - time.now));

  atSomeTime(plan.silences, () => {
    const silent = chance.oneOf(serviceNames);
    const milliseconds = chance.fraction() * LONGEST_SILENCE_MS;
    faults.count('silence of a service');
    world.tell(silent, `is silent for ${Math.round(milliseconds)} ms`);
    for (const replica of world.replicas) if (replica.service === silent) replica.goDownFor(milliseconds);
  });
  atSomeTime(plan.clockJumps, () =>
    world.jump(
      chance.oneOf(serviceNames),
      Math.round(chance.happens(0.5) ? chance.fraction() * FORWARD_MS : -chance.fraction() * BACKWARD_MS),
    ),
  );
  atSomeTime(plan.garbage, () => world.network.litter());
  atSomeTime(plan.acts, () => void world.operators.act());
  atSomeTime(plan.outages, () => {
    const gone = chance.oneOf([...serviceNames, 'broker', 'broker', 'broker']);
    const milliseconds = untilCalm(LONGEST_OUTAGE_MS);
    faults.takeAway(gone);
    world.tell(gone, `is away for ${Math.round(milliseconds)} ms`);
    time.after(milliseconds, () => faults.bringBack(gone));
  });
}

/** From now on everything works. What is down or held up comes back in its own time. */
export function calmDown(world: World): void {
  world.faults.isCalm = true;
  world.operators.resumeAll();
  for (const replica of world.replicas) replica.rollOut();
  world.tell('world', 'is calm from here on');
}
