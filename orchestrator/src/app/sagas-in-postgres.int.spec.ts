import { newOrderId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import { delivered } from '@saga/testkit/message-builders';
import { expectReadsByKey } from '@saga/testkit/reads-by-key-contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readSaga } from '../adapters/postgres/read-sagas.ts';
import { postgresSagaStore } from '../adapters/postgres/saga-store.ts';
import type { Incoming } from '../saga/incoming.ts';
import { rebuild } from '../saga/rebuild.ts';
import { allSagas } from '../sagas/all.ts';
import { messageHandler } from './message-handler.ts';
import { cancelRequest, orderCreated, rejected, success } from './saga-messages.fixture.ts';
import type { SagaStore } from './saga-store.ts';
import { type SagasUnderTest, sagasUnderTest } from './sagas-in-postgres.fixture.ts';

let sagas: SagasUnderTest;
beforeAll(async () => {
  sagas = await sagasUnderTest();
});
afterAll(() => sagas.close());

const handle = (...messages: Message[]) => sagas.handle(...messages);

const stored = async (id: string) => (await readSaga(sagas.database, id))?.saga;

describe('sagas in PostgreSQL', () => {
  test('a message costs the sagas that it names, however many others there are', async () => {
    await expectReadsByKey({
      database: sagas.database,
      others: (count) => handle(...Array.from({ length: count }, () => orderCreated())),
      one: async (watched) => {
        const replica = messageHandler(allSagas, postgresSagaStore, watched);
        const [decrease] = (await replica.handle([delivered(orderCreated())])).publish;
        await replica.handle([delivered(success(decrease))]);
      },
    });
  });

  test('an order runs from its arrival to its completion, one batch after the other', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [create] = (await handle(success(decrease))).publish;
    const [complete] = (await handle(success(create))).publish;
    const last = await handle(success(complete));
    expect([decrease?.topic, create?.topic, complete?.topic]).toEqual([
      'decrease-product-command',
      'create-delivery-command',
      'complete-order-command',
    ]);
    expect(last).toEqual({ publish: [], dead: [], left: [] });
    expect(await stored(order.key)).toMatchObject({ status: 'COMPLETED', version: 4 });
  });

  test('the stored state is the one that the journal rebuilds', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [create] = (await handle(success(decrease), cancelRequest(order.key))).publish;
    await handle(success(create));
    const journal = await sagas.database.query<{ incoming: Incoming; at: Date }>(
      'SELECT incoming, at FROM journal WHERE saga_id = $1 ORDER BY seq',
      [order.key],
    );
    const entries = journal.map(({ incoming, at }) => ({ incoming, at: at.getTime() }));
    const rebuilt = rebuild(allSagas, entries);
    expect(JSON.parse(JSON.stringify(rebuilt))).toEqual(await stored(order.key));
  });

  test('after a crash between commit and publish, the redelivered batch sends the same commands again (trap 1)', async () => {
    const order = orderCreated();
    const first = await handle(order);
    expect(await handle(order)).toEqual(first);
    const [decrease] = first.publish;
    const next = await handle(success(decrease));
    expect(await handle(success(decrease))).toEqual(next);
  });

  test('a duplicate sends nothing of what has been answered since (trap 27)', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    await handle(success(decrease));
    expect((await handle(order)).publish).toEqual([]);
  });

  test('of two replicas that start one saga at once, exactly one wins; the other reads again (trap 3)', async () => {
    const order = orderCreated();
    const together = sagas.replica(loadingTogether(2));
    const started = await Promise.allSettled([1, 2].map(() => together.handle([delivered(order)])));
    const won = started.filter(({ status }) => status === 'fulfilled');
    const lost = started.filter(({ status }) => status === 'rejected');
    expect([won.length, lost.length]).toEqual([1, 1]);
    expect(lost).toMatchObject([{ reason: { code: UNIQUE_VIOLATION } }]);
    expect((await handle(order)).publish).toEqual(won[0]?.status === 'fulfilled' ? won[0].value.publish : []);
    expect(await stored(order.key)).toMatchObject({ version: 1 });
  });

  test('of two replicas that go on with one saga at once, one waits for the other and changes nothing (trap 3)', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const slow = standingAfterItsLoad();
    const first = sagas.replica(slow.store).handle([delivered(success(decrease))]);
    await slow.loaded;
    const second = handle(success(decrease));
    await expect
      .poll(blocked)
      .toBe(1)
      .finally(() => slow.goOn());
    expect(await second).toEqual(await first);
    expect(await stored(order.key)).toMatchObject({ version: 2 });
  });

  test('a cancellation that comes before its order is kept, and applied right after it (trap 7)', async () => {
    const order = orderCreated();
    expect((await handle(cancelRequest(order.key))).publish).toEqual([]);
    expect(await stored(order.key), 'nothing is shown of a saga that has not begun').toBeUndefined();
    const [undo] = (await handle(order)).publish;
    expect(undo?.topic).toBe('cancel-order-command');
    await handle(success(undo));
    expect(await stored(order.key)).toMatchObject({
      status: 'COMPENSATED',
      failure: { code: 'CANCELLED_BY_CUSTOMER' },
    });
  });

  test('a fact that belongs to no saga is a dead letter; the others of its batch go on', async () => {
    const order = orderCreated();
    const stray = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [unknown] = (await handle(stray)).publish;
    const orphan = success({ ...unknown, key: newOrderId() } as Message);
    const { publish, dead } = await handle(orphan, success(decrease));
    expect(dead).toMatchObject([{ reason: { code: 'UNKNOWN_SAGA' } }]);
    expect(publish.map(({ topic }) => topic)).toEqual(['create-delivery-command']);
  });

  test('a refusal undoes what was sent, and the order last', async () => {
    const order = orderCreated();
    const [decrease] = (await handle(order)).publish;
    const [cancel] = (await handle(rejected(decrease))).publish;
    expect(cancel?.topic).toBe('cancel-order-command');
    expect((await stored(order.key))?.steps.product?.status).toBe('REJECTED');
  });
});

const UNIQUE_VIOLATION = '23505';

/** No replica goes on from its load before so many have loaded. */
function loadingTogether(replicas: number): SagaStore {
  let loaded = 0;
  const all = Promise.withResolvers<void>();
  return {
    ...postgresSagaStore,
    load: async (sql, ids) => {
      const found = await postgresSagaStore.load(sql, ids);
      loaded += 1;
      if (loaded === replicas) all.resolve();
      await all.promise;
      return found;
    },
  };
}

function standingAfterItsLoad() {
  const loaded = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const store: SagaStore = {
    ...postgresSagaStore,
    load: async (sql, ids) => {
      const found = await postgresSagaStore.load(sql, ids);
      loaded.resolve();
      await released.promise;
      return found;
    },
  };
  return { store, loaded: loaded.promise, goOn: released.resolve };
}

/** How many transactions wait for another. */
async function blocked(): Promise<number | undefined> {
  const [row] = await sagas.database.query<{ blocked: number }>(`
    SELECT count(*) AS blocked FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`);
  return row?.blocked;
}
