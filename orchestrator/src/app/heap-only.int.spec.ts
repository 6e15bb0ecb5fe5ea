import type { Message } from '@saga/messages/message';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { orderCreated, success } from './saga-messages.fixture.ts';
import { type SagasUnderTest, sagasUnderTest } from './sagas-in-postgres.fixture.ts';

const ORDERS = 200;

let sagas: SagasUnderTest;
beforeAll(async () => {
  sagas = await sagasUnderTest();
});
afterAll(() => sagas.close());

type Updates = { all: number; heapOnly: number };

const COUNTED = `
  SELECT n_tup_upd AS all, n_tup_hot_upd AS "heapOnly" FROM pg_stat_user_tables WHERE relname = 'saga'`;

test('a saga’s progress touches no index: only its start and its end do', async () => {
  let messages: Message[] = Array.from({ length: ORDERS }, () => orderCreated(undefined, 'place-order'));
  while (messages.length > 0) messages = [...(await sagas.handle(...messages)).publish].map(success);
  // Product, balance, delivery, complete: of the four updates the last one is the end.
  const progress = ORDERS * 3;
  const counted = async () => (await sagas.database.query<Updates>(COUNTED))[0];
  // The database counts what a connection did when that rests.
  await expect.poll(async () => (await counted())?.all, { timeout: 60_000 }).toBe(progress + ORDERS);
  // Were a column indexed that progress changes, it would be none at all; some find no room left in their page.
  expect((await counted())?.heapOnly, `of ${progress}`).toBeGreaterThanOrEqual(progress / 2);
});
