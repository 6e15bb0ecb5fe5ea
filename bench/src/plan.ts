import { LEAST_SHARE, type Results } from './results.ts';
import type { Scenario, Size } from './scenarios/scenario.ts';
import type { Session } from './session.ts';
import type { SystemName } from './systems/start-system.ts';

/** One visit to a system, to be made. */
export type Planned = { scenario: Scenario; system: SystemName; run: number };

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

export type CarryOut = {
  session: Session;
  results: Pick<Results, 'has' | 'add' | 'shareOf' | 'shareOfVisit'>;
  size: Size;
  signal: AbortSignal;
  /** What the machine gives at this moment. */
  machineSpeed: () => Promise<number>;
  /** From now on: the share of the processor time asked for that the machine got, where that is known. */
  watchGivenShare: () => () => number | undefined;
  /** Before a repetition: whoever disturbs may have ended by then. */
  rest: () => Promise<void>;
};

/** A machine that is never left alone: the last repetition counts, and is marked. */
const MAX_REPETITIONS = 2;

type Queued = Planned & { repetitions: number };

/**
 * Makes all visits that have no result yet.
 *
 * @returns what could not be measured, in a sentence each.
 */
export async function carryOut(planned: readonly Planned[], options: CarryOut): Promise<string[]> {
  const { session, results, signal, rest } = options;
  const queue: Queued[] = planned
    .filter(({ scenario, system, run }) => !results.has(scenario.name, system, run))
    .map((visit) => ({ ...visit, repetitions: 0 }));
  const failures: string[] = [];
  let made = 0;
  for (const visit of queue) {
    signal.throwIfAborted();
    made += 1;
    if (visit.repetitions > 0) await rest();
    const { scenario, system, run, repetitions } = visit;
    const title = `${scenario.name}, ${system}, run ${run}`;
    const isLast = repetitions === MAX_REPETITIONS;
    try {
      const share = await measure(visit, isLast, options);
      session.say(`${made}/${queue.length} ${title}: ${said(share, isLast)}`);
      if (share < LEAST_SHARE && !isLast) queue.push({ ...visit, repetitions: repetitions + 1 });
    } catch (error) {
      const failure = `${title}: ${error instanceof Error ? error.message : String(error)}`;
      session.say(`${made}/${queue.length} failed: ${failure}`);
      if (isLast) failures.push(failure);
      else queue.push({ ...visit, repetitions: MAX_REPETITIONS });
    }
  }
  return failures;
}

/** The result is added if it counts. Returns the share of the machine that there was. */
async function measure({ scenario, system, run }: Planned, isLast: boolean, options: CarryOut): Promise<number> {
  const { session, results, size, machineSpeed, watchGivenShare } = options;
  const at = new Date().toISOString();
  const before = await machineSpeed();
  const shareBefore = results.shareOf(before);
  if (shareBefore < LEAST_SHARE && !isLast) return shareBefore;
  const shareSoFar = watchGivenShare();
  const measured = await scenario.visit(session, system, size, run);
  const givenShare = shareSoFar();
  const speeds = { before, after: await machineSpeed() };
  const sample = { scenario: scenario.name, system, run, at, machineSpeed: speeds, givenShare, measured };
  const share = results.shareOfVisit(sample);
  if (share >= LEAST_SHARE || isLast) results.add(sample);
  return share;
}

function said(share: number, isLast: boolean): string {
  if (share >= LEAST_SHARE) return `done, on ${percent(share)} of the machine`;
  const consequence = isLast ? 'kept all the same, and marked as disturbed' : 'thrown away, repeated later';
  return `had ${percent(share)} of the machine: ${consequence}`;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;
