import type { Message } from '@saga/messages/message';
import type { Saga, SagaStatus } from '../saga/state.ts';

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
  effect: string[];
  sent: Message[];
};

export type SagaCount = { definition: string; status: SagaStatus; stuck: boolean; sagas: number; oldest: Date };

export type VersionInUse = { name: string; version: number; sagas: number; example: string };

/** What is asked about sagas, without locks and outside of any transaction. */
export interface SagaQueries {
  /** Undefined where no `order-created` of this id was read. */
  one(id: string): Promise<Saga | undefined>;
  /** At most `limit`, newest first, older than `before`. */
  page(filter: SagaFilter, before: string | undefined, limit: number): Promise<Saga[]>;
  /** At most `limit` journal rows, oldest first, beginning after this seq. */
  history(id: string, after: number, limit: number): Promise<HistoryRow[]>;
  /** The first of those that have not ended, both ends included. */
  open(window: { from: string; upTo: string }, limit: number): Promise<string[]>;
  counts(): Promise<SagaCount[]>;
  /** The definitions that sagas are running on right now. */
  versionsInUse(): Promise<VersionInUse[]>;
}
