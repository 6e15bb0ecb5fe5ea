import { expect, test } from 'vitest';
import type { Database } from './database.ts';
import { Unavailable } from './faults.ts';
import { type EndedSagas, forgetsUndoable } from './retention.ts';

const LIMIT = 4;
const idOf = (n: number): string => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`;
const ids = (...numbers: number[]): string[] => numbers.map(idOf);

/** A service's old orders, and what it has forgotten of them. */
function keeping(orders: readonly string[]) {
  const forgotten: string[] = [];
  const database = {
    query: async (statement: string, [given, limit]: readonly unknown[]) => {
      if (statement === 'forget') {
        forgotten.push(...(given as string[]));
        return [];
      }
      const left = orders.filter((id) => id > String(given) && !forgotten.includes(id));
      return left.slice(0, Number(limit)).map((id) => ({ id }));
    },
  } as Database;
  return { database, forgotten };
}

const ended =
  (...numbers: number[]): EndedSagas =>
  async ({ from, upTo }, limit) =>
    ids(...numbers)
      .filter((id) => id >= from && id <= upTo)
      .slice(0, limit);

async function forgetAll(orders: readonly string[], endedSagas: EndedSagas): Promise<string[]> {
  const { database, forgotten } = keeping(orders);
  const forget = forgetsUndoable(database, { old: 'old', forget: 'forget' }, 90, endedSagas);
  for (let after: string | undefined = idOf(0); after !== undefined; ) after = await forget(after, LIMIT);
  return forgotten;
}

const TEN = ids(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);

test('of all old orders those are kept whose saga has not ended (trap 21)', async () => {
  expect(await forgetAll(TEN, ended(1, 3, 4, 6, 7, 8, 9, 10))).toEqual(ids(1, 3, 4, 6, 7, 8, 9, 10));
});

test('nothing is forgotten of sagas that the orchestrator does not know: it may be another, or restored (trap 21)', async () => {
  expect(await forgetAll(TEN, ended())).toEqual([]);
});

test('many open sagas in a row are walked past, and what comes after them is forgotten', async () => {
  expect(await forgetAll(TEN, ended(10))).toEqual(ids(10));
});

test('what the orchestrator’s answer had no room to tell of is asked for again, not taken for open', async () => {
  expect(await forgetAll(ids(1, 10), ended(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))).toEqual(ids(1, 10));
});

test('nothing is forgotten while the orchestrator does not answer', async () => {
  const { database, forgotten } = keeping(TEN);
  const away: EndedSagas = async () => {
    throw new Unavailable('it is away');
  };
  const forget = forgetsUndoable(database, { old: 'old', forget: 'forget' }, 90, away);
  await expect(forget(idOf(0), LIMIT)).rejects.toThrow(Unavailable);
  expect(forgotten).toEqual([]);
});
