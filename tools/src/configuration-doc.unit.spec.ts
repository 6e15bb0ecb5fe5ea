import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { CONFIGURATION_FILE, withSettings } from './configuration-doc.ts';

describe('docs/configuration.md', () => {
  test('has every setting as the code has it; if not: pnpm docs:configuration', async () => {
    const document = await readFile(CONFIGURATION_FILE, 'utf8');
    expect(document).toBe(withSettings(document));
  });

  test('is not written without its marks: what stands beside them is kept', () => {
    expect(() => withSettings('# Configuration')).toThrow('the marks are missing');
  });
});
