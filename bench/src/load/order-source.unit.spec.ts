import { expect, test } from 'vitest';
import { orderSources } from './order-source.ts';

test('where orders are cancelled that were to be completed, nothing was measured', () => {
  const source = orderSources().of();
  expect(() => source.checkOutcomes({ ended: 1_000, cancelled: 0 })).not.toThrow();
  expect(() => source.checkOutcomes({ ended: 1_000, cancelled: 1 })).toThrow('1 of 1000 orders were cancelled, 0 were');
});

test('nor where a fifth was to be cancelled and clearly more were, or fewer', () => {
  const source = orderSources().of({ refusedEvery: 5 });
  for (const cancelled of [160, 200, 240])
    expect(() => source.checkOutcomes({ ended: 1_000, cancelled })).not.toThrow();
  for (const cancelled of [0, 140, 260, 1_000])
    expect(() => source.checkOutcomes({ ended: 1_000, cancelled })).toThrow('200 were to be');
});
