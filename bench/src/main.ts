import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runProgram } from '@saga/tools/run-program';
import { installPeers } from './install-peers.ts';
import { watchGivenShare } from './machine/given-share.ts';
import { machineSpeed } from './machine/machine-speed.ts';
import { carryOut, plan } from './plan.ts';
import { profileReport } from './profiling/cpu-profile.ts';
import { publish, writeReport } from './report/write-report.ts';
import { openResults } from './results.ts';
import { scenarios } from './scenarios/all.ts';
import type { Scenario, Size } from './scenarios/scenario.ts';
import { openSession } from './session.ts';
import { type SystemName, systemNames } from './systems/start-system.ts';

const USAGE = `usage: pnpm bench [--only <scenario,…>] [--systems <system,…>] [--runs 3] [--quick] [--fresh] [--name <series>] [--profile] [--publish]
  --only      some of: ${scenarios.map(({ name }) => name).join(', ')}
  --systems   some of: ${systemNames.join(', ')}
  --runs      of each, interleaved
  --quick     everything short: shows that the instruments work, its figures say little
  --fresh     forget what this series has measured already; else only what is missing is measured
  --name      of the series, in bench/results; the commit, unless said otherwise
  --profile   a CPU profile of each of our processes, and profiles.txt: what they spend their time on
  --publish   copy tables, charts and figures to docs/performance.md and beside it, once all of it has been measured`;

const PROFILE_LINES = 30;
const REST_MS = 20_000;
const RESULTS = path.resolve(import.meta.dirname, '../results');

function readFlags() {
  const boolean = { type: 'boolean', default: false } as const;
  const string = { type: 'string' } as const;
  const runs = { type: 'string', default: '3' } as const;
  const options = {
    ...{ only: string, systems: string, runs, name: string },
    ...{ quick: boolean, fresh: boolean, profile: boolean, publish: boolean },
  } as const;
  try {
    return parseArgs({ options }).values;
  } catch {
    throw new Error(USAGE);
  }
}

const chosen = <Name extends string>(list: string | undefined, all: readonly Name[]): readonly Name[] => {
  if (list === undefined) return all;
  return list.split(',').map((word) => {
    const found = all.find((name) => name === word);
    if (found === undefined) throw new Error(`${word} is none of ${all.join(', ')}\n${USAGE}`);
    return found;
  });
};

function runsOf(text: string): number {
  const runs = Number(text);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs ${text} is no number of runs\n${USAGE}`);
  return runs;
}

/** The commit, marked when something else than it is measured. */
function seriesName(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim();
  const commit = git('rev-parse', '--short', 'HEAD');
  return git('status', '--porcelain', '--untracked-files=no') === '' ? commit : `${commit}-changed`;
}

/** Temporal comes from no package registry. */
function available(systems: readonly SystemName[], say: (line: string) => void): readonly SystemName[] {
  if (!systems.includes('temporal') || process.env.TEMPORAL_BIN) return systems;
  say('temporal is skipped: TEMPORAL_BIN does not say where its program is');
  return systems.filter((system) => system !== 'temporal');
}

async function bench(): Promise<void> {
  const flags = readFlags();
  if (flags.publish && flags.quick) throw new Error(`what --quick measures is not published\n${USAGE}`);
  const size: Size = flags.quick ? 'small' : 'full';
  const startedAt = performance.now();
  const say = (line: string) =>
    console.log(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(5)} s  ${line}`);
  const names = chosen(
    flags.only,
    scenarios.map(({ name }) => name),
  );
  const systems = available(chosen(flags.systems, systemNames), say);
  const results = openResults(
    path.join(
      RESULTS,
      (flags.name ?? seriesName()) + (flags.quick ? '-quick' : '') + (flags.profile ? '-profiled' : ''),
    ),
    flags.fresh,
  );
  const profiles = flags.profile ? path.join(results.folder, 'profiles') : undefined;
  const planned = plan(
    scenarios.filter(({ name }) => names.includes(name)),
    (scenario: Scenario) => scenario.systems.filter((system) => systems.includes(system)),
    runsOf(flags.runs),
  );
  if (planned.some(({ system }) => NEEDS_PEERS.has(system))) installPeers(say);
  const interrupted = new AbortController();
  // Not once: a library that finds itself alone with its listener ends the process at once.
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      say('stopping after this measurement');
      interrupted.abort(new Error('interrupted: the same command goes on from here'));
    });
  const session = await openSession({ folder: results.folder, profiles, say });
  let failures: string[] | undefined;
  try {
    failures = await carryOut(planned, {
      ...{ session, results, size, signal: interrupted.signal, machineSpeed, watchGivenShare },
      rest: () => pause(REST_MS),
    });
  } finally {
    await session.close();
    const files = writeReport(results, [
      ...(flags.quick
        ? ['**Preliminary**: everything was short (`--quick`), for seeing that the instruments work.']
        : []),
      ...(failures ?? []).map((failure) => `Not measured: ${failure}`),
    ]);
    say(`written: ${files.join(', ')}`);
    if (profiles !== undefined) writeFileSync(`${profiles}.txt`, profileReport(profiles, PROFILE_LINES));
  }
  if (flags.publish && failures.length === 0) publish(results);
  for (const failure of failures) say(`not measured: ${failure}`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}

const NEEDS_PEERS: ReadonlySet<SystemName> = new Set(['dbos', 'restate', 'temporal', 'floor-platformatic']);

await runProgram(bench);
process.exit();
