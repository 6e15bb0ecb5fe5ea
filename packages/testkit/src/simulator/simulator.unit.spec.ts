import { describe, expect, test } from 'vitest';
import { run } from './run.ts';

/** The long form: pnpm simulate --seed 1 --runs 700 */
const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);

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
});
