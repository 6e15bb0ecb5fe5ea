import type { Operation } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Instant, Saga, SagaStatus } from '../saga/state.ts';

export type SagaFilter = {
  status?: SagaStatus;
  definition?: string;
  /** Sagas that wait for this step, going forward or back, are stuck there or turned back there. */
  step?: string;
  /** Of the failure that turned it back, or of what is stuck. */
  code?: string;
  stuck?: boolean;
  paused?: boolean;
  updatedBefore?: string;
  /** The beginning of a saga id, or a user's id. */
  q?: string;
};

export type HistoryRow = {
  seq: number;
  at: Date;
  messageId: string;
  messageType: string;
  /** The person who acted; null where a message or the clock did. */
  actor: string | null;
  /** Why, in that person's words. */
  reason: string | null;
  effect: string[];
  sent: Message[];
};

/** A saga, and when it is woken and looked at; null where it never will be. */
export type StoredSaga = { saga: Saga; wakeAt: Instant | null; lookAt: Instant | null };

/** How late the timers are, in milliseconds; 0 where none is. */
export type TimersLate = {
  /** How long the saga that was due first has waited to be woken. */
  dueMs: number;
  /** How long the one that waits for a silent participant, and should have been looked at first, has waited for that. */
  looksMs: number;
};

export type SagaPage = {
  sagas: StoredSaga[];
  /** The saga up to which was looked through; undefined where the page is full, or nothing is left. */
  lookedUpTo: string | undefined;
};

/** Open sagas that stand alike. */
export type SagaCount = {
  definition: string;
  status: SagaStatus;
  /** Of what is stuck; null where nothing is. */
  stuckCode: string | null;
  sagas: number;
  oldest: Date;
};

/** Open sagas that wait for an answer to the same command. */
export type WaitCount = {
  definition: { name: string; version: number };
  step: string;
  operation: Operation;
  sagas: number;
  /** Of these, how many wait for a participant that answers nothing at all. */
  silent: number;
  silentSince: Instant | null;
  waitingSince: Instant;
};

/** How the sagas stand that have not ended. */
export type OpenSagas = {
  counts: SagaCount[];
  waits: WaitCount[];
  progress: { topic: string; answeredUpTo: Instant; probes: number }[];
  /** False where there are so many that only the oldest were looked at. */
  isComplete: boolean;
};

export type VersionInUse = { name: string; version: number; sagas: number; example: string };

/** What is asked about sagas, without locks and outside of any transaction. */
export interface SagaQueries {
  /** Undefined where no `order-created` of this id was read. */
  one(id: string): Promise<StoredSaga | undefined>;
  /** At most `limit`, newest first, older than `before`. */
  page(filter: SagaFilter, before: string | undefined, limit: number): Promise<SagaPage>;
  /** At most `limit` journal rows, oldest first, beginning after this seq. */
  history(id: string, after: number, limit: number): Promise<HistoryRow[]>;
  /** The first of those that have ended, both ends included. */
  ended(window: { from: string; upTo: string }, limit: number): Promise<string[]>;
  /** What they wait for is told of the oldest `lookInto`. */
  stats(lookInto: number): Promise<OpenSagas>;
  timersLate(): Promise<TimersLate>;
  /** The definitions that sagas are running on right now. */
  versionsInUse(): Promise<VersionInUse[]>;
}
