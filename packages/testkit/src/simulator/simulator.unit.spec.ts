import { describe, expect, test } from 'vitest';
import { run } from './run.ts';
import { traceOf } from './trace.ts';

/** A cancellation comes after the end, to a replica that does not know the saga's definition. */
const PASSED_OVER = 20_261_311;
/** The long form: pnpm simulate --seed 1 --runs 520 */
const SEEDS = [...Array.from({ length: 8 }, (_, index) => index + 1), PASSED_OVER];

describe('the simulator', () => {
  test.each(SEEDS)(
    'seed %i: whatever goes wrong, everything ends right, nothing is lost and nothing doubled',
    async (seed) => {
      const { violations, sagas } = await run(seed);
      expect(violations).toEqual([]);
      expect(sagas).toBeGreaterThan(0);
    },
  );

  test('the same seed gives the same run, to the last line', async () => {
    const [first, second]: [string[], string[]] = [[], []];
    await run(3, { telling: (line) => first.push(line) });
    await run(4);
    await run(3, { telling: (line) => second.push(line) });
    expect(first.length).toBeGreaterThan(100);
    expect(second).toEqual(first);
  });

  test('another seed gives another run', async () => {
    const [first, second]: [string[], string[]] = [[], []];
    await run(3, { telling: (line) => first.push(line) });
    await run(4, { telling: (line) => second.push(line) });
    expect(second).not.toEqual(first);
  });

  test('a trace tells, of the orders, only what became of the one that is complained of', async () => {
    const whole = await traceOf(3, []);
    const ids = whole.flatMap((line) => / ([0-9a-f-]{36}) /.exec(line)?.[1] ?? []);
    const trace = await traceOf(3, [{ invariant: 'it is so', detail: `{"orderId":"${ids[0]}"}` }]);
    const told = trace.flatMap((line) => / ([0-9a-f-]{36}) /.exec(line)?.[1] ?? []);
    expect(new Set(ids).size).toBeGreaterThan(1);
    expect(new Set(told)).toEqual(new Set([ids[0]]));
  });
});
