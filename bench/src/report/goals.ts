import { medianOf, type Spread, type Summary } from './summary.ts';

type Verdict = 'met' | 'missed' | 'not measured';
export type Goal = { figure: string; goal: string; measured: string; verdict: Verdict };

const PEERS = ['dbos', 'restate', 'temporal'];
const SAGAS = 'sagas/s';

/** The best a system did, at its own best number in flight: one that most of its runs have come to. */
export function bestThroughput(summary: Summary, system: string): { label: string; value: number } | undefined {
  const labels = summary.get('throughput')?.get(system) ?? new Map<string, ReadonlyMap<string, Spread>>();
  const all = [...labels].flatMap(([label, figures]) => {
    const spread = figures.get(SAGAS);
    return spread === undefined ? [] : [{ label, value: spread.median, runs: spread.runs }];
  });
  const mostRuns = Math.max(...all.map(({ runs }) => runs));
  const [best] = all.filter(({ runs }) => runs > mostRuns / 2).toSorted((a, b) => b.value - a.value);
  return best && { label: best.label, value: best.value };
}

/** The goals as ratios of medians, each with its verdict. */
export function goalsOf(summary: Summary): Goal[] {
  const latency = (system: string, figure: string) => medianOf(summary, 'latency', system, '40/s', figure);
  const best = (system: string) => bestThroughput(summary, system)?.value;
  const peers = <Value>(of: (system: string) => Value | undefined): Value[] => PEERS.flatMap((peer) => of(peer) ?? []);
  const bestPeer = maximum(peers(best));
  const figure = (scenario: string, label: string, name: string) => medianOf(summary, scenario, 'ours', label, name);

  return [
    atLeast('best throughput ÷ best peer’s', 10, ratio(best('ours'), bestPeer)),
    atLeast('best throughput ÷ floor’s', 0.5, ratio(best('ours'), best('floor'))),
    atMost('p50 at 40/s ÷ floor’s', 2, ratio(latency('ours', 'p50 ms'), latency('floor', 'p50 ms'))),
    atMost(
      'p50 at 40/s ÷ best peer’s',
      1,
      ratio(latency('ours', 'p50 ms'), minimum(peers((it) => latency(it, 'p50 ms')))),
    ),
    atMost(
      'p99 at 40/s ÷ best peer’s',
      1,
      ratio(latency('ours', 'p99 ms'), minimum(peers((it) => latency(it, 'p99 ms')))),
    ),
    atLeast('hot product ÷ uniform', 0.9, figure('hot', 'hot', 'ratio')),
    atLeast('20 % refused ÷ all accepted', 0.85, figure('refused', 'refused', 'ratio')),
    atLeast('with 1,000,000 finished sagas ÷ empty', 0.95, figure('finished', 'finished', 'ratio')),
    atLeast('with 100,000 open sagas ÷ empty', 0.9, figure('open', 'open', 'ratio')),
    atLeast('burst: accepted POST/s', 5_000, figure('burst', 'burst', 'accepted/s')),
    atMost('burst: orders lost', 0, figure('burst', 'burst', 'lost')),
    atMost('CPU per saga at its best ÷ with 32 in flight', 1, cpuRatio(summary)),
    atMost('memory of the largest service, whatever is done to it, MB', 200, largestMemory(summary)),
  ];
}

const cpuRatio = (summary: Summary): number | undefined => {
  const cpu = (label: string) => medianOf(summary, 'throughput', 'ours', label, 'cpu ms/saga');
  const best = bestThroughput(summary, 'ours');
  return best && ratio(cpu(best.label), cpu('32 in flight'));
};

const largestMemory = (summary: Summary): number | undefined =>
  maximum(
    [...summary.values()].flatMap((systems) =>
      [...(systems.get('ours')?.values() ?? [])].flatMap((figures) => figures.get('memory MB')?.median ?? []),
    ),
  );

const ratio = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined || b === undefined ? undefined : a / b;
const maximum = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values);
const minimum = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.min(...values);

const atLeast = (figure: string, limit: number, value: number | undefined): Goal =>
  goal(figure, `≥ ${shown(limit)}`, value, (it) => it >= limit);
const atMost = (figure: string, limit: number, value: number | undefined): Goal =>
  goal(figure, `≤ ${shown(limit)}`, value, (it) => it <= limit);

function goal(figure: string, wanted: string, value: number | undefined, isMet: (value: number) => boolean): Goal {
  if (value === undefined) return { figure, goal: wanted, measured: '–', verdict: 'not measured' };
  return { figure, goal: wanted, measured: shown(value), verdict: isMet(value) ? 'met' : 'missed' };
}

/** Three significant digits, and no digits after the point from 100 on. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const rounded = Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 3 });
}
