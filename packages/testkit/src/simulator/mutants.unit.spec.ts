import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Hunted } from './hunt.ts';
import { mutants } from './mutants.ts';

const PATIENCE_MS = 10 * 60_000;

describe('a broken guard does not pass the simulator unseen', () => {
  let hunted: Map<string, Hunted>;
  beforeAll(async () => {
    const hunt = fileURLToPath(new URL('./hunt.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [hunt]);
    const lines = stdout.trim().split('\n');
    hunted = new Map(lines.map((line) => JSON.parse(line) as Hunted).map((each) => [each.mutant, each]));
  }, PATIENCE_MS);

  test.each(mutants)('$name', ({ name }) => {
    expect(hunted.get(name)).toMatchObject({ seed: expect.any(Number) });
  });
});
