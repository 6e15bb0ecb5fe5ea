import { newOrderId } from '@saga/messages/ids';
import { foldSagas } from '@saga/orchestrator/app/fold-sagas';
import { orderCreated } from '@saga/orchestrator/app/saga-messages.fixture';
import type { SagaChange, SagaStore, SavedBatch } from '@saga/orchestrator/app/saga-store';
import type { Saga } from '@saga/orchestrator/saga/state';
import { NEVER, type WakeUps } from '@saga/orchestrator/saga/timer';
import { allSagas } from '@saga/orchestrator/sagas/all';
import type { Database, Sql, Transaction } from '@saga/service-kit/database';
import { isUniqueViolation } from '@saga/service-kit/faults';
import { beforeAll, describe, expect, test } from 'vitest';

export type SagaStoreUnderTest = {
  store: SagaStore;
  database: Database;
  /** Resolves when what was sent before has been executed. */
  executed(sql: Sql): Promise<unknown>;
  /** How many transactions wait for another. */
  blocked(): Promise<number | undefined>;
};

const UNTIL_BLOCKED_MS = 30_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
const TOPIC = 'decrease-product-command';
const ALL = { due: 10_000, silent: 10_000 };

/** What the orchestrator's rows keep to, whatever they lie in. */
export function sagaStoreContract(setUp: () => Promise<SagaStoreUnderTest>): void {
  describe('as the store of sagas', () => {
    let under: SagaStoreUnderTest;
    let store: SagaStore;
    let inTransaction: Database['transaction'];
    beforeAll(async () => {
      under = await setUp();
      ({ store } = under);
      inTransaction = (work) => under.database.transaction(work);
    });

    const load = (...ids: string[]) => inTransaction((sql) => store.load(sql, ids));
    const save = (batch: SavedBatch) => inTransaction(async (sql) => store.save(sql, batch));
    const saved = async (change?: Partial<SagaChange>): Promise<Saga> => {
      const { batch, saga } = aSaga(change);
      await save(batch);
      return saga;
    };
    const untilBlocked = () => expect.poll(under.blocked, { timeout: UNTIL_BLOCKED_MS }).toBeGreaterThan(0);

    /** Does it in a transaction that stands still, all statements executed, until it is let go on. */
    function standing<Result>(work: (sql: Transaction) => Promise<Result>) {
      const done = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      const ended = inTransaction(async (sql) => {
        const result = await work(sql);
        await under.executed(sql);
        done.resolve();
        await released.promise;
        return result;
      });
      ended.catch(done.reject);
      return { done: done.promise, goOn: released.resolve, ended };
    }

    const claim = (limits: { due: number; silent: number }) =>
      inTransaction((sql) => store.claimDue(sql, allSagas.definitions, limits));

    /** Which of these sagas are due; the claim is not kept. */
    async function dueOf(...sagas: Saga[]): Promise<string[]> {
      const { due } = await claim(ALL);
      return sagas.map(({ id }) => id).filter((id) => due.has(id));
    }

    /** Which of them are to be looked at. */
    async function silentOf(...sagas: Saga[]): Promise<string[]> {
      const { silent } = await claim(ALL);
      return sagas.map(({ id }) => id).filter((id) => silent.has(id));
    }

    test('what was saved is loaded, and nothing else, with the time', async () => {
      const saga = await saved();
      const { now, sagas } = await load(newOrderId(), saga.id);
      expect([...sagas.values()]).toEqual([JSON.parse(JSON.stringify(saga))]);
      expect(Number.isSafeInteger(now)).toBe(true);
    });

    test('what a failing transaction has saved never was', async () => {
      const { batch, saga } = aSaga();
      const failing = inTransaction(async (sql) => {
        store.save(sql, batch);
        await under.executed(sql);
        throw new Error('changed its mind');
      });
      await expect(failing).rejects.toThrow('changed its mind');
      expect((await load(saga.id)).sagas.size).toBe(0);
      await save(batch);
    });

    test('a saga that was started before cannot be started: a unique violation', async () => {
      const { batch } = aSaga();
      await save(batch);
      await expect(save(batch)).rejects.toSatisfy(isUniqueViolation);
    });

    test('a saga that another replica is starting is waited for, and is a unique violation then (trap 3)', async () => {
      const { batch } = aSaga();
      const first = standing(async (sql) => store.save(sql, batch));
      await first.done;
      const second = save(batch);
      second.catch(() => {});
      await untilBlocked();
      first.goOn();
      await first.ended;
      await expect(second).rejects.toSatisfy(isUniqueViolation);
    });

    test('a saga whose version is another than expected is not saved, nor is anything beside it', async () => {
      const [stale, other] = [await saved(), aSaga()];
      const change: SagaChange = { saga: { ...stale, version: 9 }, expectedVersion: 8, ...NEVER };
      await expect(save({ ...other.batch, changes: [...other.batch.changes, change] })).rejects.toThrow();
      const { sagas } = await load(stale.id, other.saga.id);
      expect([...sagas.values()].map(({ version }) => version)).toEqual([stale.version]);
    });

    test('a journal has one entry per number', async () => {
      const { batch, saga } = aSaga();
      await save(batch);
      await expect(save({ changes: [], journal: batch.journal, answered: [] })).rejects.toSatisfy(isUniqueViolation);
      expect((await load(saga.id)).sagas.size).toBe(1);
    });

    test('a saga that is loaded is locked: who comes second sees what the first has saved (trap 3)', async () => {
      const saga = await saved();
      const first = standing(async (sql) => {
        await store.load(sql, [saga.id]);
        store.save(sql, changing({ ...saga, version: saga.version + 1 }, saga.version));
      });
      await first.done;
      const second = load(saga.id);
      await untilBlocked();
      first.goOn();
      await first.ended;
      expect((await second).sagas.get(saga.id)?.version).toBe(saga.version + 1);
    });

    test('a saga is due when its time has come, not before, and not without one', async () => {
      const { now } = await load();
      const due = await saved({ wakeAt: now - 1_000 });
      const later = await saved({ wakeAt: now + DAY_MS });
      const never = await saved({ wakeAt: undefined });
      expect(await dueOf(due, later, never)).toEqual([due.id]);
    });

    test('what waits for a silent participant is told apart from what is due; what is both is due', async () => {
      const { now } = await load();
      const silent = await saved({ lookAt: now - 1_000, wakeAt: now + DAY_MS });
      const both = await saved({ lookAt: now - 1_000, wakeAt: now - 1_000 });
      const later = await saved({ lookAt: now + DAY_MS });
      expect(await dueOf(silent, both, later)).toEqual([both.id]);
      expect(await silentOf(silent, both, later)).toEqual([silent.id]);
    });

    test('of a definition that is not known here nothing is due, nor looked at (trap 30)', async () => {
      const { now } = await load();
      const due = await saved({ wakeAt: now - 1_000 });
      const silent = await saved({ lookAt: now - 1_000 });
      const newer = { name: due.definition.name, version: due.definition.version + 1 };
      const claimed = await inTransaction((sql) => store.claimDue(sql, [newer], ALL));
      expect([claimed.due.has(due.id), claimed.silent.has(silent.id)]).toEqual([false, false]);
    });

    test('the longest due are claimed first, up to the limit', async () => {
      const { now } = await load();
      const [young, old] = [await saved({ wakeAt: now - 10 * DAY_MS }), await saved({ wakeAt: now - 20 * DAY_MS })];
      const { due, dueSince } = await claim({ due: 1, silent: 0 });
      expect([[...due.keys()], dueSince]).toEqual([[old.id], now - 20 * DAY_MS]);
      expect(await dueOf(young)).toEqual([young.id]);
    });

    test('so are those that are to be looked at, up to a limit of their own', async () => {
      const { now } = await load();
      const [young, old] = [await saved({ lookAt: now - 10 * DAY_MS }), await saved({ lookAt: now - 20 * DAY_MS })];
      const { due, silent, ...at } = await claim({ due: 0, silent: 1 });
      expect([[...due.keys()], [...silent.keys()]]).toEqual([[], [old.id]]);
      expect(at.dueSince, 'nothing is due').toBe(at.now);
      expect(await silentOf(young)).toEqual([young.id]);
    });

    test('what another replica has claimed is skipped, not waited for', async () => {
      const { now } = await load();
      const due = await saved({ wakeAt: now - 1_000 });
      const first = standing((sql) => store.claimDue(sql, allSagas.definitions, ALL));
      await first.done;
      expect(await dueOf(due)).toEqual([]);
      first.goOn();
      await first.ended;
      expect(await dueOf(due)).toEqual([due.id]);
    });

    test.each(['wakeAt', 'lookAt'] as const)(
      'progress only lowers a %s, the end clears it, and a fired timer sets it anew',
      async (which) => {
        const claimed = which === 'wakeAt' ? dueOf : silentOf;
        const { now } = await load();
        let saga = await saved({ [which]: now - 1_000 });
        const goOn = async (at: number | undefined): Promise<string[]> => {
          const next = { ...saga, version: saga.version + 1 };
          await save(changing(next, saga.version, { ...NEVER, [which]: at }));
          saga = next;
          return claimed(saga);
        };
        expect(await goOn(now + DAY_MS)).toEqual([saga.id]);
        const wakeUps = new Map([[saga.id, { ...NEVER, [which]: now + DAY_MS }]]);
        await inTransaction(async (sql) => store.setWakeUps(sql, wakeUps));
        expect(await claimed(saga)).toEqual([]);
        expect(await goOn(now - 1_000)).toEqual([saga.id]);
        expect(await goOn(undefined)).toEqual([]);
      },
    );

    test('how far a participant has come only grows, and is told by partition', async () => {
      const partition = nextPartition();
      await answered(partition, 20);
      await answered(partition, 10);
      expect(await progressOf(partition)).toMatchObject([{ topic: TOPIC, partition, upTo: 20, probes: 0 }]);
      expect(await progressOf(nextPartition())).toEqual([]);
    });

    test('probes are counted beside how far a participant has come', async () => {
      const partition = nextPartition();
      await answered(partition, 20);
      const probed = { topic: TOPIC, partition, upTo: 0, probingSince: 5, probes: 2 } as const;
      await inTransaction(async (sql) => store.countProbes(sql, [probed]));
      expect(await progressOf(partition)).toEqual([{ ...probed, upTo: 20 }]);
    });

    test('progress is read while somebody else writes it: a timer that reads holds up no answers', async () => {
      const partition = nextPartition();
      await answered(partition, 20);
      await inTransaction(async (sql) => {
        const [read] = await store.loadProgress(sql, [partition]);
        await answered(partition, 30);
        expect(read).toMatchObject({ upTo: 20 });
      });
      expect(await progressOf(partition)).toMatchObject([{ upTo: 30 }]);
    });

    const answered = (partition: number, upTo: number) =>
      save({ changes: [], journal: [], answered: [{ topic: TOPIC, partition, upTo }] });
    const progressOf = (partition: number) => inTransaction((sql) => store.loadProgress(sql, [partition]));
  });
}

let partitions = 1_000;
/** One that no other test has written to. */
function nextPartition(): number {
  partitions += 1;
  return partitions;
}

/** A saga as its order's arrival begins it, and what is to be saved of it. */
function aSaga(change: Partial<SagaChange> = {}): { batch: SavedBatch; saga: Saga } {
  const message = orderCreated();
  const incoming = { type: 'order-created', partition: 0, message } as const;
  const folded = foldSagas(allSagas, new Map(), [{ sagaId: message.key, incoming }], Date.now());
  const [begun] = folded.changes;
  if (!begun || begun.saga.status === 'AWAITED') throw new Error('no saga has begun');
  return { batch: { ...folded, changes: [{ ...begun, ...change }] }, saga: begun.saga };
}

const changing = (saga: Saga, expectedVersion: number, wakeUps: WakeUps = NEVER): SavedBatch => ({
  changes: [{ saga, expectedVersion, ...wakeUps }],
  journal: [],
  answered: [],
});
