import { z } from 'zod';
import { wholeNumber } from './whole-number.ts';

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
const MAX_CURSOR_LENGTH = 1_000;

/**
 * What every list's query has: how many items, and after which one they begin. The key tells that one: what the list
 * is sorted by, made unique. For a route: `z.strictObject({ ...pageQuery(z.int()), userId: … })`.
 */
export const pageQuery = <Key>(key: z.ZodType<Key>) => ({
  limit: wholeNumber(1, MAX_LIMIT).default(DEFAULT_LIMIT).describe('The most items to answer with'),
  cursor: cursorOf(key).optional().describe('`nextCursor` of the page before'),
});

/** To the client a cursor is a word without meaning, so that a list's order can change under it. */
const cursorOf = <Key>(key: z.ZodType<Key>) =>
  z
    .string()
    .max(MAX_CURSOR_LENGTH)
    .transform((text, context): Key => {
      const parsed = key.safeParse(decoded(text));
      if (parsed.success) return parsed.data;
      context.addIssue({ code: 'custom', message: 'is not a cursor of this list' });
      return z.NEVER;
    });

function decoded(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    return undefined; // which is no key of any list
  }
}

/** What every list answers. */
export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export type Page<Item> = { items: Item[]; nextCursor: string | null };

/** A page of what was read with a limit of one more than was asked for: that one tells whether there is a next page. */
export function pageOf<Item>(read: readonly Item[], limit: number, keyOf: (item: Item) => unknown): Page<Item> {
  const items = read.slice(0, limit);
  const last = items.at(-1);
  const hasNext = read.length > limit && last !== undefined;
  return { items, nextCursor: hasNext ? cursorAt(keyOf(last)) : null };
}

/** The cursor of a page that begins after this key. */
export const cursorAt = (key: unknown): string => Buffer.from(JSON.stringify(key)).toString('base64url');
