import { setTimeout as pause } from 'node:timers/promises';
import { machineSpeed } from './machine/machine-speed.ts';
import type { Measured } from './report/summary.ts';
import type { Results } from './results.ts';
import type { Scenario, Size } from './scenarios/scenario.ts';
import type { Session } from './session.ts';
import type { SystemName } from './systems/start-system.ts';

/** One visit to a system, to be made. */
export type Planned = { scenario: Scenario; system: SystemName; run: number };

/** Less of the machine than this, before or after: the visit does not count and is repeated later. */
const LEAST_SHARE = 0.5;
/** A machine that is never left alone: the last repetition counts, and is marked. */
const MAX_REPETITIONS = 2;
/** Before a repetition: whoever disturbs may have ended by then. */
const REST_MS = 20_000;

/** A B C, A B C, …: whatever changes on the machine in the meantime changes for all of them. */
export const plan = (
  scenarios: readonly Scenario[],
  systemsOf: (scenario: Scenario) => readonly SystemName[],
  runs: number,
): Planned[] =>
  scenarios.flatMap((scenario) =>
    Array.from({ length: runs }, (_, run) =>
      systemsOf(scenario).map((system) => ({ scenario, system, run: run + 1 })),
    ).flat(),
  );

export type CarryOut = { session: Session; results: Results; size: Size; signal: AbortSignal };

/**
 * Makes all visits that have no result yet.
 *
 * @returns what could not be measured, in a sentence each.
 */
export async function carryOut(planned: readonly Planned[], options: CarryOut): Promise<string[]> {
  const { session, results, signal } = options;
  const queue = planned
    .filter(({ scenario, system, run }) => !results.has(scenario.name, system, run))
    .map((visit) => ({ ...visit, repetitions: 0 }));
  const failures: string[] = [];
  let made = 0;
  for (const visit of queue) {
    signal.throwIfAborted();
    made += 1;
    if (visit.repetitions > 0) await pause(REST_MS);
    const { scenario, system, run, repetitions } = visit;
    const title = `${made}/${queue.length} ${scenario.name}, ${system}, run ${run}`;
    const again = repetitions < MAX_REPETITIONS;
    try {
      const share = await measured(visit, options, again);
      session.say(
        `${title}: ${share.enough ? 'done' : `had ${percent(share.least)} of the machine: ${again ? AGAIN : KEPT}`}`,
      );
      if (!share.enough && again) queue.push({ ...visit, repetitions: repetitions + 1 });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      session.say(`${title}: failed: ${reason}`);
      if (again) queue.push({ ...visit, repetitions: MAX_REPETITIONS });
      else failures.push(`${scenario.name}, ${system}, run ${run}: ${reason}`);
    }
  }
  return failures;
}

type Share = { enough: boolean; least: number };

async function measured({ scenario, system, run }: Planned, options: CarryOut, mayRepeat: boolean): Promise<Share> {
  const { session, results, size } = options;
  const at = new Date().toISOString();
  const shareNow = async () => {
    const speed = await machineSpeed();
    return speed / results.bestSpeed(speed);
  };
  const before = await shareNow();
  if (before < LEAST_SHARE && mayRepeat) return { enough: false, least: before };
  const figures: Measured = await scenario.visit(session, system, size);
  const after = await shareNow();
  const least = Math.min(before, after);
  const disturbed = least < LEAST_SHARE;
  if (disturbed && mayRepeat) return { enough: false, least };
  results.add({
    scenario: scenario.name,
    system,
    run,
    at,
    machineShare: { before, after },
    disturbed,
    measured: figures,
  });
  return { enough: !disturbed, least };
}

const AGAIN = 'thrown away, repeated later';
const KEPT = 'kept all the same, and marked as disturbed';

const percent = (share: number): string => `${Math.round(share * 100)} %`;
