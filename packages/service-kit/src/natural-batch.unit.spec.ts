import { describe, expect, test } from 'vitest';
import { naturalBatch } from './natural-batch.ts';

describe('a natural batch', () => {
  test('gives each item its own result, and what arrives meanwhile is the next batch', async () => {
    const batches: number[][] = [];
    const doubling = naturalBatch<number, number>({
      maxBatch: 2,
      work: async (items) => {
        batches.push([...items]);
        return items.map((item) => item * 2);
      },
    });
    expect(await Promise.all([1, 2, 3].map((item) => doubling.submit(item)))).toEqual([2, 4, 6]);
    expect(batches).toEqual([[1, 2], [3]]);
  });

  test('rejects every item when there is not a result for each: nobody gets what is another one’s, or nothing', async () => {
    const forgetful = naturalBatch<number, number>({ maxBatch: 10, work: async (items) => items.slice(1) });
    const results = await Promise.allSettled([1, 2].map((item) => forgetful.submit(item)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});
