import { expect, it } from 'vitest';
import { waitSeconds } from './prefer.ts';

it.each<[string | string[] | undefined, number]>([
  [undefined, 0],
  ['wait=10', 10],
  ['Wait = 5', 5],
  ['respond-async, wait=7; strict', 7],
  [['respond-async', 'wait=7'], 7],
  ['wait=600', 30],
  ['wait=0', 0],
  ['wait=soon', 0],
  ['wait=-1', 0],
  ['wait', 0],
  ['handling="lenient, wait=9"', 0],
  ['await=9', 0],
])('Prefer: %s means %i seconds', (header, seconds) => {
  expect(waitSeconds(header)).toBe(seconds);
});
