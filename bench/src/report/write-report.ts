import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import path from 'node:path';
import type { Results } from '../results.ts';
import { type Bar, barChart } from './chart.ts';
import { bestThroughput, goalsOf, shown } from './goals.ts';
import { markdownOf } from './markdown.ts';
import { type Summary, summaryOf } from './summary.ts';

const DOCS = path.resolve(import.meta.dirname, '../../../docs');
const CHARTS = ['throughput.svg', 'latency.svg'] as const;
/** All samples, for whoever wants to reckon for themselves. */
const FIGURES = 'results.json';
const BEGIN = '<!-- measured: written by `pnpm bench --publish` -->';
const END = '<!-- /measured -->';

/** Writes results.json, results.md and the charts; returns where. Notes stand above the tables, a paragraph each. */
export function writeReport(results: Results, notes: readonly string[]): string[] {
  const { samples, disturbed } = results.counting();
  const summary = summaryOf(samples);
  const goals = goalsOf(summary);
  const machine = { cores: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
  const title = `Measured on ${machine.cores} cores and ${machine.memoryGiB} GiB, Node ${machine.node}`;
  const files = {
    [FIGURES]: `${JSON.stringify({ machine, notes, goals, samples }, undefined, 2)}\n`,
    'results.md': `${markdownOf({ title, samples, disturbed, summary, goals, notes })}\n`,
    'throughput.svg': barChart('Sagas per second, each at its best', throughputBars(summary), shown),
    'latency.svg': barChart('Milliseconds from POST to end at 40 orders/s, median', latencyBars(summary), shown),
  };
  return Object.entries(files).map(([name, text]) => {
    const file = path.join(results.folder, name);
    writeFileSync(file, text);
    return file;
  });
}

function throughputBars(summary: Summary): Bar[] {
  const systems = [...(summary.get('throughput') ?? [])];
  return systems.flatMap(([system, labels]) => {
    const best = bestThroughput(summary, system);
    const spread = best && labels.get(best.label)?.get('sagas/s');
    return best && spread
      ? [{ label: `${system} (${best.label})`, value: spread.median, low: spread.min, high: spread.max }]
      : [];
  });
}

const latencyBars = (summary: Summary): Bar[] =>
  [...(summary.get('latency') ?? [])].flatMap(([system, labels]) => {
    const spread = labels.get('40/s')?.get('p50 ms');
    return spread ? [{ label: system, value: spread.median, low: spread.min, high: spread.max }] : [];
  });

/** Puts the last report into docs/performance.md, between its marks, with the charts and all figures beside it. */
export function publish(results: Results): void {
  const page = path.join(DOCS, 'performance.md');
  const [before, rest] = readFileSync(page, 'utf8').split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`${page} has no place for the results, between ${BEGIN} and ${END}`);
  const measured = readFileSync(path.join(results.folder, 'results.md'), 'utf8');
  mkdirSync(path.join(DOCS, 'performance'), { recursive: true });
  for (const file of [...CHARTS, FIGURES])
    copyFileSync(path.join(results.folder, file), path.join(DOCS, 'performance', file));
  const charts = CHARTS.map((chart) => `![](performance/${chart})`).join('\n\n');
  const all = `[All figures of all runs](performance/${FIGURES})`;
  writeFileSync(page, `${before}${BEGIN}\n\n${charts}\n\n${all}\n\n${measured}\n${END}${after}`);
}
