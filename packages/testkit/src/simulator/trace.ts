import type { Violation } from './invariants.ts';
import { run } from './run.ts';

const MAX_LINES = 400;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/;

/** The run of this seed once more, line by line: of the orders, only what became of the first that is complained of. */
export async function traceOf(seed: number, violations: readonly Violation[]): Promise<string[]> {
  const lines: string[] = [];
  const concerned = violations.map(({ detail }) => UUID.exec(detail)?.[0]).find((id) => id !== undefined);
  const isOfInterest = (line: string): boolean => {
    const id = UUID.exec(line)?.[0];
    return id === undefined || concerned === undefined || id === concerned;
  };
  const telling = (line: string): void => {
    if (isOfInterest(line)) lines.push(line);
  };
  await run(seed, { telling });
  const left = lines.length - MAX_LINES;
  return left > 0 ? [...lines.slice(0, MAX_LINES), `… and ${left} lines more`] : lines;
}
