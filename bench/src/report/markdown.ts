import { bestThroughput, type Goal, shown } from './goals.ts';
import { type Sample, type Spread, type Summary, spreadOf } from './summary.ts';

/** What a table shows of a scenario; the whole is in results.json. */
const COLUMNS = [
  'sagas/s',
  'ratio',
  'accepted/s',
  'drain s',
  'recovery s',
  'lost',
  'p50 ms',
  'p99 ms',
  'cpu ms/saga',
  'wal bytes/saga',
  'transactions/saga',
  'messages/saga',
  'memory MB',
] as const;

export type Report = {
  title: string;
  samples: readonly Sample[];
  /** So many of them were taken on a machine that was busy with other things. */
  disturbed: number;
  summary: Summary;
  goals: readonly Goal[];
  notes: readonly string[];
};

/** The results as Markdown: goals, then a table per scenario with medians and, in parentheses, their range. */
export function markdownOf({ title, samples, disturbed, summary, goals, notes }: Report): string {
  const scenarios = [...summary].map(([scenario, systems]) => `### ${scenario}\n\n${tableOf(systems)}`);
  const runs = new Set(samples.map(({ run }) => run)).size;
  return [
    runs === 1 ? `${title}. One run.` : `${title}. Medians of up to ${runs} runs, their range in parentheses.`,
    ...(disturbed > 0
      ? [`**${disturbed} of ${samples.length} samples were taken on a machine that was busy with other things.**`]
      : []),
    ...machineOf(samples),
    ...notes,
    `### Goals\n\n${goalTable(goals)}`,
    ...scenarios,
    ...processesOf(summary),
  ].join('\n\n');
}

/** How much others took while it was measured, where the kernel tells. */
function machineOf(samples: readonly Sample[]): string[] {
  const shares = samples.flatMap(({ givenShare }) => givenShare ?? []);
  if (shares.length === 0) return [];
  const { median, min, max } = spreadOf(shares.map((share) => share * 100));
  const which = shares.length === samples.length ? 'the visits' : `${shares.length} of the ${samples.length} visits`;
  return [
    `During ${which} the machine got ${shown(median)} % (${shown(min)}–${shown(max)} %) of the processor time that it asked for.`,
  ];
}

const goalTable = (goals: readonly Goal[]): string =>
  table(
    ['figure', 'goal', 'measured', 'verdict'],
    goals.map(({ figure, goal, measured, verdict }) => [
      figure,
      goal,
      measured,
      verdict === 'missed' ? '**missed**' : verdict,
    ]),
  );

/** What each process of ours takes at the best throughput. */
function processesOf(summary: Summary): string[] {
  const best = bestThroughput(summary, 'ours');
  const figures = best && summary.get('throughput')?.get('ours')?.get(best.label);
  if (!figures) return [];
  const names = [...figures.keys()].flatMap((figure) => /^cpu ms\/saga (.+)$/.exec(figure)?.[1] ?? []);
  const rows = names.map((name) => [
    name,
    cell(figures.get(`cpu ms/saga ${name}`)),
    cell(figures.get(`memory MB ${name}`)),
  ]);
  return [`### processes of ours, ${best.label}\n\n${table(['process', 'cpu ms/saga', 'memory MB'], rows)}`];
}

type Systems = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, Spread>>>;

function tableOf(systems: Systems): string {
  const rows = [...systems].flatMap(([system, labels]) =>
    [...labels].map(([label, figures]) => ({ system, label, figures })),
  );
  const columns = COLUMNS.filter((column) => rows.some(({ figures }) => figures.has(column)));
  return table(
    ['system', '', ...columns],
    rows.map(({ system, label, figures }) => [system, label, ...columns.map((column) => cell(figures.get(column)))]),
  );
}

function cell(spread: Spread | undefined): string {
  if (spread === undefined) return '';
  const range = spread.runs > 1 ? ` (${shown(spread.min)}–${shown(spread.max)})` : '';
  return shown(spread.median) + range;
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
