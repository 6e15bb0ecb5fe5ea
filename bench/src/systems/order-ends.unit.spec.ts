import { expect, test } from 'vitest';
import { orderEnds } from './order-ends.ts';

test('an end is learned whether it comes before or after it is asked for', async () => {
  const ends = orderEnds();
  const asked = ends.endOf('late');
  ends.ended('early', 'CANCELLED');
  ends.ended('late', 'COMPLETED');
  expect(await Promise.all([asked, ends.endOf('early')])).toEqual(['COMPLETED', 'CANCELLED']);
});
