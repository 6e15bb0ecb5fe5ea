import { globSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import stryker from '../../stryker.config.ts';
import specs from '../../vitest.mutation.config.ts';

const cwd = path.resolve(import.meta.dirname, '../..');
const isSpec = (file: string): boolean => file.endsWith('.spec.ts');

describe('the mutation gate', () => {
  it('is at 90 % or more', () => {
    expect(stryker.thresholds.break).toBeGreaterThanOrEqual(90);
  });

  it.each(stryker.mutate.filter((pattern) => !pattern.startsWith('!')))('mutates %s, which has specs', (pattern) => {
    const files = globSync(pattern, { cwd }).filter((file) => !isSpec(file));
    expect(files).not.toEqual([]);
    const specified = globSync(specs.test?.include ?? [], { cwd }).map((file) => path.dirname(file));
    for (const file of files) expect(specified).toContain(path.dirname(file));
  });
});
