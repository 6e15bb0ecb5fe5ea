import { createHistogram } from 'node:perf_hooks';

export type Percentiles = { p50: number; p90: number; p99: number; p999: number; max: number };

/** Milliseconds, kept as an HDR histogram (Node's own) with three significant digits. */
export type LatencyHistogram = {
  record(milliseconds: number): void;
  readonly count: number;
  readonly mean: number;
  percentiles(): Percentiles;
};

const HOUR_US = 3_600_000_000;

export function latencyHistogram(): LatencyHistogram {
  const histogram = createHistogram({ lowest: 1, highest: HOUR_US, figures: 3 });
  const at = (percentile: number) => histogram.percentile(percentile) / 1_000;
  return {
    record: (milliseconds) => histogram.record(Math.max(1, Math.round(milliseconds * 1_000))),
    get count() {
      return histogram.count;
    },
    get mean() {
      return histogram.mean / 1_000;
    },
    percentiles: () => ({ p50: at(50), p90: at(90), p99: at(99), p999: at(99.9), max: histogram.max / 1_000 }),
  };
}
