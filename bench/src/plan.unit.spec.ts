import { expect, test } from 'vitest';
import { type CarryOut, carryOut, plan } from './plan.ts';
import type { Sample } from './report/summary.ts';
import type { Scenario } from './scenarios/scenario.ts';
import type { Session } from './session.ts';

const SYSTEMS = ['ours', 'floor'] as const;

/** Notes which systems were visited; the first visits may fail. */
function scenario(visited: string[], failing = 0): Scenario {
  return {
    name: 'throughput',
    systems: SYSTEMS,
    visit: async (_session, system) => {
      visited.push(system);
      if (visited.length <= failing) throw new Error('it broke');
      return { label: { figure: visited.length } };
    },
  };
}

/** A machine of such speeds, one after the other; the best that was ever seen is 100. It gets such shares in the visits. */
function options(
  speeds: number[],
  known: readonly string[] = [],
  shares: number[] = [],
): { added: Sample[]; options: CarryOut } {
  const added: Sample[] = [];
  const session = { say: () => undefined } as unknown as Session;
  const results = {
    has: (...visit: [string, string, number]) => known.includes(visit.join()),
    add: (sample: Sample) => void added.push(sample),
    shareOf: (speed: number) => speed / 100,
    shareOfVisit: ({ machineSpeed, givenShare = 1 }: Pick<Sample, 'machineSpeed' | 'givenShare'>) =>
      Math.min(machineSpeed.before / 100, machineSpeed.after / 100, givenShare),
  };
  const rest = async () => undefined;
  const machineSpeed = async () => speeds.shift() ?? 100;
  const watchGivenShare = () => () => shares.shift() ?? 1;
  const { signal } = new AbortController();
  return { added, options: { session, results, size: 'small', signal, machineSpeed, watchGivenShare, rest } };
}

test('systems take turns', () => {
  const planned = plan([scenario([])], ({ systems }) => systems, 2);
  expect(planned.map(({ system, run }) => `${system} ${run}`)).toEqual(['ours 1', 'floor 1', 'ours 2', 'floor 2']);
});

test('what was measured before an interruption is not measured again', async () => {
  const visited: string[] = [];
  const { options: known } = options([], ['throughput,ours,1']);
  await carryOut(
    plan([scenario(visited)], ({ systems }) => systems, 1),
    known,
  );
  expect(visited).toEqual(['floor']);
});

test('a visit on less than half of the machine is thrown away and repeated after the others', async () => {
  const visited: string[] = [];
  const { added, options: busyAfterwards } = options([100, 49, 100, 100]);
  await carryOut(
    plan([scenario(visited)], ({ systems }) => systems, 1),
    busyAfterwards,
  );
  expect(visited).toEqual(['ours', 'floor', 'ours']);
  expect(added.map(({ system, machineSpeed }) => [system, machineSpeed])).toEqual([
    ['floor', { before: 100, after: 100 }],
    ['ours', { before: 100, after: 100 }],
  ]);
});

test('a visit during which the machine got less than half of what it asked for is thrown away and repeated', async () => {
  const visited: string[] = [];
  const { added, options: stolen } = options([], [], [0.49, 0.5, 0.9]);
  await carryOut(
    plan([scenario(visited)], ({ systems }) => systems, 1),
    stolen,
  );
  expect(visited).toEqual(['ours', 'floor', 'ours']);
  expect(added.map(({ givenShare }) => givenShare)).toEqual([0.5, 0.9]);
});

test('on a machine that is never left alone the last repetition is kept', async () => {
  const visited: string[] = [];
  const { added, options: busy } = options(Array(10).fill(10));
  await carryOut(
    plan([scenario(visited)], () => ['ours'], 1),
    busy,
  );
  expect(visited).toEqual(['ours']); // the others did not even begin
  expect(added).toMatchObject([{ machineSpeed: { before: 10, after: 10 } }]);
});

test('what fails is tried once more; what fails again is said', async () => {
  const once = options([]);
  expect(
    await carryOut(
      plan([scenario([], 1)], () => ['ours'], 1),
      once.options,
    ),
  ).toEqual([]);
  expect(once.added).toHaveLength(1);
  const twice = options([]);
  const failures = await carryOut(
    plan([scenario([], 2)], () => ['ours'], 1),
    twice.options,
  );
  expect(failures).toEqual(['throughput, ours, run 1: it broke']);
});
