import type { Figures } from '../meters/readings.ts';

/** What one visit to a system has measured, by what was done to it (`128 in flight`). */
export type Measured = Readonly<Record<string, Figures>>;

/** A visit that counts. */
export type Sample = {
  scenario: string;
  system: string;
  run: number;
  at: string;
  /** What the machine gave before and after: what the busy loop makes of it. */
  machineSpeed: { before: number; after: number };
  /** Between them: of the processor time asked for, the share that the machine got, preparations included. */
  givenShare?: number | undefined;
  measured: Measured;
};

/** A figure over all runs. `spread` is the range in parts of the median. */
export type Spread = { median: number; min: number; max: number; spread: number; runs: number };

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = Number.NaN, high = Number.NaN] =
    sorted.length % 2 === 0 ? sorted.slice(middle - 1) : [sorted[middle], sorted[middle]];
  const median = (low + high) / 2;
  const min = sorted[0] ?? Number.NaN;
  const max = sorted.at(-1) ?? Number.NaN;
  return { median, min, max, spread: median === 0 ? 0 : (max - min) / median, runs: sorted.length };
}

/** Scenario, system, label, figure: each over its runs. */
export type Summary = ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, Spread>>>>;

export function summaryOf(samples: readonly Sample[]): Summary {
  const values = new Map<string, Map<string, Map<string, Map<string, number[]>>>>();
  for (const { scenario, system, measured } of samples)
    for (const [label, figures] of Object.entries(measured))
      for (const [figure, value] of Object.entries(figures)) {
        const labels = inner(inner(values, scenario), system);
        const figuresOfLabel = inner(labels, label);
        figuresOfLabel.set(figure, [...(figuresOfLabel.get(figure) ?? []), value]);
      }
  return mapped(values, (systems) =>
    mapped(systems, (labels) => mapped(labels, (figures) => mapped(figures, spreadOf))),
  );
}

/** The median of a figure; undefined where it was not measured. */
export const medianOf = (
  summary: Summary,
  scenario: string,
  system: string,
  label: string,
  figure: string,
): number | undefined => summary.get(scenario)?.get(system)?.get(label)?.get(figure)?.median;

function inner<Inner>(map: Map<string, Map<string, Inner>>, key: string): Map<string, Inner> {
  const found = map.get(key) ?? new Map<string, Inner>();
  map.set(key, found);
  return found;
}

const mapped = <From, To>(map: ReadonlyMap<string, From>, to: (from: From) => To): ReadonlyMap<string, To> =>
  new Map([...map].map(([key, value]) => [key, to(value)]));
