import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pageOf, pageQuery } from './pages.ts';

const query = z.strictObject(pageQuery(z.tuple([z.string(), z.int()])));
const catalogue = ['pear', 'apple', 'fig', 'fig', 'plum'].map((name, id) => ({ name, id }));

/** The list as a service would read it: sorted, after the cursor, one more than asked for. */
function list(asked: Record<string, string>) {
  const { limit, cursor: [name, id] = ['', -1] } = query.parse(asked);
  const after = catalogue
    .toSorted((a, b) => a.name.localeCompare(b.name) || a.id - b.id)
    .filter((each) => each.name > name || (each.name === name && each.id > id));
  return pageOf(after.slice(0, limit + 1), limit, (each) => [each.name, each.id]);
}

describe('a list in pages', () => {
  it('is read to its end by following the cursors, nothing twice and nothing left out', () => {
    const seen: number[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = list({ limit: '2', ...(cursor && { cursor }) });
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual([1, 2, 3, 0, 4]);
  });

  it('has no next page where the last item was reached', () => {
    expect(list({ limit: '5' }).nextCursor).toBeNull();
    expect(pageOf([], 5, String)).toEqual({ items: [], nextCursor: null });
  });

  it('has 50 items where nothing else is asked for', () => {
    expect(query.parse({}).limit).toBe(50);
  });

  it.each([
    ['limit', '0'],
    ['limit', '201'],
    ['limit', '1e2'],
    ['cursor', 'nonsense'],
    ['cursor', Buffer.from('{"id":1}').toString('base64url')],
    ['cursor', 'x'.repeat(2_000)],
  ])('refuses the %s %s', (name, value) => {
    expect(query.safeParse({ [name]: value }).error?.issues.map((issue) => issue.path)).toEqual([[name]]);
  });
});
