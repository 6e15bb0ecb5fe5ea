import type { JournalRow, SagaStore, TopicProgress } from '@saga/orchestrator/app/saga-store';
import type { AwaitedSaga, Saga } from '@saga/orchestrator/saga/state';
import type { WakeUps } from '@saga/orchestrator/saga/timer';
import { DatabaseFault } from '../memory-database/database-fault.ts';
import { type MemoryTable, send, statement } from '../memory-database/memory-database.ts';

/** The state as text, as a JSON column keeps it. */
export type SagaEntry = {
  id: string;
  state: string;
  version: number;
  definition: Saga['definition'] | undefined;
  hasEnded: boolean;
} & WakeUps;

export type SagaTables = {
  sagas: MemoryTable<SagaEntry>;
  journal: MemoryTable<Omit<JournalRow, 'incoming'> & { incoming: string }>;
  progress: MemoryTable<TopicProgress>;
};

/** As orchestrator/src/adapters/postgres. */
export const memorySagas = ({ sagas, journal, progress }: SagaTables): SagaStore => ({
  load: (sql, ids) =>
    statement(sql, async (rows) => {
      const locked = await rows.lock(sagas, ids);
      return { now: rows.now, sagas: new Map([...locked.values()].map((entry) => [entry.id, stateOf(entry)])) };
    }),
  claimDue: (sql, known, limits) =>
    statement(sql, (rows) => {
      const isKnown = ({ definition }: SagaEntry) =>
        known.some(({ name, version }) => name === definition?.name && version === definition.version);
      const claim = (which: keyof WakeUps, limit: number) =>
        new Map(
          rows
            .all(sagas)
            .map(([, entry]) => entry)
            .filter((entry) => (entry[which] ?? Number.POSITIVE_INFINITY) <= rows.now && isKnown(entry))
            .sort((a, b) => (a[which] ?? 0) - (b[which] ?? 0))
            .values()
            .filter(({ id }) => rows.tryLock(sagas, id))
            .take(limit)
            .map((entry): [string, Saga] => [entry.id, JSON.parse(entry.state) as Saga]),
        );
      const [due, silent] = [claim('wakeAt', limits.due), claim('lookAt', limits.silent)];
      for (const id of due.keys()) silent.delete(id);
      const dueSince = Math.min(rows.now, ...due.keys().map((id) => sagas.rows.get(id)?.wakeAt ?? rows.now));
      return { now: rows.now, dueSince, due, silent };
    }),
  save: (sql, batch) => {
    const changes = batch.changes.toSorted((a, b) => (a.saga.id < b.saga.id ? -1 : 1));
    send(sql, async (rows) => {
      for (const { saga, expectedVersion, ...wakeUps } of changes)
        if (expectedVersion === undefined) await rows.insert(sagas, saga.id, entryOf(saga, wakeUps));
    });
    send(sql, async (rows) => {
      for (const { saga, expectedVersion, ...wakeUps } of changes) {
        if (expectedVersion === undefined) continue;
        if ((await rows.lock(sagas, [saga.id])).get(saga.id)?.version !== expectedVersion)
          throw new DatabaseFault('22012', `saga ${saga.id} is not at version ${expectedVersion} any more`);
        await rows.update(sagas, saga.id, (old) =>
          entryOf(saga, { wakeAt: lowered(old.wakeAt, wakeUps.wakeAt), lookAt: lowered(old.lookAt, wakeUps.lookAt) }),
        );
      }
    });
    send(sql, async (rows) => {
      for (const { incoming, ...row } of batch.journal)
        await rows.insert(journal, `${row.sagaId}/${row.seq}`, { ...row, incoming: JSON.stringify(incoming) });
    });
    send(sql, (rows) =>
      rows.upsertAll(
        progress,
        batch.answered.map((answered) => ({ ...answered, probingSince: 0, probes: 0 })),
        placeOf,
        (row, old) => ({ ...row, ...old, upTo: Math.max(row.upTo, old?.upTo ?? 0) }),
      ),
    );
  },
  setWakeUps: (sql, wakeUps) =>
    send(sql, async (rows) => {
      for (const [id, each] of wakeUps)
        await rows.update(sagas, id, (old) => ({ ...old, wakeAt: each.wakeAt, lookAt: each.lookAt }));
    }),
  loadProgress: (sql, partitions) =>
    statement(sql, async (rows) =>
      rows
        .all(progress)
        .map(([, row]) => row)
        .filter(({ partition }) => partitions.includes(partition)),
    ),
  countProbes: (sql, probed) =>
    send(sql, (rows) => rows.upsertAll(progress, probed, placeOf, (row, old) => ({ ...row, upTo: old?.upTo ?? 0 }))),
});

const placeOf = ({ topic, partition }: TopicProgress): string => `${topic}/${String(partition).padStart(6, '0')}`;

const stateOf = (entry: SagaEntry): Saga | AwaitedSaga => JSON.parse(entry.state) as Saga | AwaitedSaga;

const lowered = (old: number | undefined, at: number | undefined) => at && Math.min(at, old ?? at);

const entryOf = (saga: Saga | AwaitedSaga, wakeUps: WakeUps): SagaEntry => ({
  id: saga.id,
  state: JSON.stringify(saga),
  version: saga.version,
  definition: saga.status === 'AWAITED' ? undefined : saga.definition,
  hasEnded: saga.status !== 'AWAITED' && saga.endedAt !== undefined,
  ...wakeUps,
});
