import type { Result } from './run.ts';

/** What many runs amount to. */
export class Tally {
  readonly #started = performance.now();
  readonly #faults = new Map<string, number>();
  runs = 0;
  sagas = 0;

  add({ sagas, faults }: Result): void {
    this.runs += 1;
    this.sagas += sagas;
    for (const [kind, count] of faults) this.#faults.set(kind, (this.#faults.get(kind) ?? 0) + count);
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1_000;
  }

  /** How often each kind of fault happened, by name. */
  get faults(): [kind: string, count: number][] {
    return [...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

export function summaryOf({ runs, sagas, seconds, faults }: Tally): string {
  const width = Math.max(...faults.map(([, count]) => String(count).length));
  const total = faults.reduce((sum, [, count]) => sum + count, 0);
  return [
    ...faults.map(([kind, count]) => `${String(count).padStart(width)}  ${kind}`),
    `${sagas} sagas in ${runs} runs, ${total} faults, ${seconds.toFixed(1)} s`,
  ].join('\n');
}
