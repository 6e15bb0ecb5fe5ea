import { expect, test } from 'vitest';
import { z } from 'zod';
import { commonConfig, wholeNumber } from './config.ts';
import { referenceOf } from './config-reference.ts';

test('a setting is known by its default, its bounds and its purpose', () => {
  const shape = { PAUSE_MS: wholeNumber(1, 60).default(5).describe('How long to wait') };
  expect(referenceOf(shape)).toEqual([
    {
      name: 'PAUSE_MS',
      default: '5',
      isRequired: false,
      isSecret: false,
      values: 'a whole number from 1 to 60',
      purpose: 'How long to wait',
    },
  ]);
});

test('what has no default may be left out, or is required', () => {
  const shape = { A: z.string().optional(), B: z.url({ error: 'must be a URL' }).meta({ secret: true }) };
  expect(referenceOf(shape)).toMatchObject([
    { default: undefined, isRequired: false, values: 'any text', isSecret: false },
    { default: undefined, isRequired: true, values: 'a URL', isSecret: true },
  ]);
});

test('every setting that all services have says what it is for and what may be set', () => {
  for (const { name, purpose, values } of referenceOf(commonConfig(8080))) {
    expect(purpose, name).not.toBe('');
    expect(values, name).not.toBe('');
  }
});
