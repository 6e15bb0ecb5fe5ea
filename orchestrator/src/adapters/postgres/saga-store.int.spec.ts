import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { orderCreated } from '../../app/saga-messages.fixture.ts';
import { type SagasUnderTest, sagasUnderTest } from '../../app/sagas-in-postgres.fixture.ts';
import { NEVER } from '../../saga/timer.ts';
import { allSagas } from '../../sagas/all.ts';
import { readSaga } from './read-sagas.ts';
import { postgresSagaStore } from './saga-store.ts';

let sagas: SagasUnderTest;
beforeAll(async () => {
  sagas = await sagasUnderTest();
});
afterAll(() => sagas.close());

describe('the claim of due sagas', () => {
  test('by two replicas at once takes different ones, and neither waits for the other', async () => {
    const orders = Array.from({ length: 4 }, () => orderCreated());
    await sagas.handle(...orders);
    await sagas.database.query(`UPDATE saga SET wake_at = now() - interval '1 second'`);
    const claim = (limit: number, meanwhile?: () => Promise<string[]>): Promise<string[]> =>
      sagas.database.transaction(async (sql) => {
        const { due } = await postgresSagaStore.claimDue(sql, allSagas.definitions, { due: limit, silent: 0 });
        return [...due.keys(), ...((await meanwhile?.()) ?? [])];
      });
    const claimed = await claim(3, () => claim(4));
    expect(claimed.sort()).toEqual(orders.map(({ key }) => key).sort());
  });
});

describe('the save of a saga', () => {
  test('that was changed since it was loaded fails, and nothing of its batch is saved', async () => {
    const [changed, other] = [orderCreated(), orderCreated()];
    await sagas.handle(changed, other);
    const stale = await readSaga(sagas.database, changed.key);
    const fresh = await readSaga(sagas.database, other.key);
    if (!stale || !fresh) throw new Error('two sagas have begun');
    const saving = sagas.database.transaction(async (sql) =>
      postgresSagaStore.save(sql, {
        changes: [
          { saga: { ...fresh.saga, version: 2 }, expectedVersion: 1, ...NEVER },
          { saga: { ...stale.saga, version: 8 }, expectedVersion: 7, ...NEVER },
        ],
        journal: [],
        answered: [],
      }),
    );
    await expect(saving, 'the error names the saga').rejects.toThrow(changed.key);
    expect([await readSaga(sagas.database, changed.key), await readSaga(sagas.database, other.key)]).toEqual([
      stale,
      fresh,
    ]);
  });
});
