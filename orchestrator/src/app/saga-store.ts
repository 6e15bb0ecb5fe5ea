import type { CommandTopic } from '@saga/messages/commands';
import type { Message } from '@saga/messages/message';
import type { Sql, Transaction } from '@saga/service-kit/database';
import type { Incoming } from '../saga/incoming.ts';
import type { AwaitedSaga, Instant, Saga } from '../saga/state.ts';
import type { WakeUps } from '../saga/timer.ts';

export type SagaChange = {
  saga: Saga | AwaitedSaga;
  /** The version it was loaded with; undefined where it is new. */
  expectedVersion: number | undefined;
} & WakeUps;

/** Sagas whose time has come, locked. */
export type ClaimedSagas = {
  now: Instant;
  /** When the first of what is due became so; now, where nothing is. */
  dueSince: Instant;
  /** Something is due. */
  due: Map<string, Saga>;
  /** The others: they wait for a silent participant, and are to be looked at. */
  silent: Map<string, Saga>;
};

/** One accepted message, and what it caused: inbox, history and audit at once. */
export type JournalRow = {
  sagaId: string;
  seq: number;
  at: Instant;
  incoming: Incoming;
  effect: readonly string[];
  sent: readonly Message[];
};

/** A sending of this topic and partition has been answered: whatever was sent there before it has been overtaken. */
export type AnsweredUpTo = { topic: CommandTopic; partition: number; upTo: Instant };

/** How far a participant has come, and how often it has been probed since the last window of probing began. */
export type TopicProgress = AnsweredUpTo & { probingSince: Instant; probes: number };

export type SavedBatch = {
  changes: readonly SagaChange[];
  journal: readonly JournalRow[];
  answered: readonly AnsweredUpTo[];
};

/**
 * The orchestrator's rows. Every method runs inside the caller's transaction. Locks are taken in one order: sagas by
 * id, then topic progress by topic and partition.
 */
export interface SagaStore {
  /** The sagas that exist of these, locked, and the database's clock. */
  load(sql: Sql, ids: readonly string[]): Promise<{ now: Instant; sagas: Map<string, Saga | AwaitedSaga> }>;
  /**
   * Sagas whose time has come, so many of each kind, that run on one of these definitions; those that another replica has
   * locked are skipped. A version that only newer replicas know is theirs to wake (trap 30).
   */
  claimDue(
    sql: Sql,
    known: readonly { name: string; version: number }[],
    limits: { due: number; silent: number },
  ): Promise<ClaimedSagas>;
  /**
   * New sagas, changed ones, their journal and the progress of their participants. Progress only ever lowers a saga's
   * wake-up times, so that updates stay heap-only.
   *
   * The commit fails with a unique violation where another replica started a saga first, and where a version is not
   * the expected one.
   */
  save(sql: Transaction, batch: SavedBatch): void;
  /** Sets wake-up times anew: after a timer has fired. */
  setWakeUps(sql: Transaction, wakeUps: ReadonlyMap<string, WakeUps>): void;
  /** Progress on these partitions, not locked: replicas that read it at once may together probe some more. */
  loadProgress(sql: Sql, partitions: readonly number[]): Promise<TopicProgress[]>;
  countProbes(sql: Transaction, progress: readonly TopicProgress[]): void;
}
