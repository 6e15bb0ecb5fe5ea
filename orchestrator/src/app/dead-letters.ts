import type { Transaction } from '@saga/service-kit/database';

/** OPEN until a person decides; REDRIVING until the broker has acknowledged what is published again. */
export type DeadLetterStatus = 'OPEN' | 'REDRIVING' | 'REDRIVEN' | 'DISCARDED';

/** Where the message lay: the topic is unprefixed, the offset a 64-bit number as text. */
export type Place = { topic: string; partition: number; offset: string };

/** Text as it is; bytes that are no text in base64. */
export type HeaderValue = string | { base64: string };

/** A message that can be published again, byte by byte as it was. */
export type Original = { key: string; headers: Readonly<Record<string, HeaderValue>>; value: Buffer };

/** A message that a service could not read or handle, with what of it was kept. */
export type NewDeadLetter = Place & {
  id: string;
  service: string;
  key: string | null;
  headers: Readonly<Record<string, HeaderValue>>;
  value: Buffer | null;
  /** All that there was of the message stands here; else it has to be read again where it lay. */
  isWhole: boolean;
  code: string;
  message: string;
  failedAt: Date;
  sagaId: string | null;
  /** Its `ce_id`: the same one when it fails again after a redrive. */
  messageId: string | null;
};

export type DeadLetter = NewDeadLetter & {
  /** Counts them as they came. */
  seq: number;
  /** Of the whole value, which a list cuts. */
  valueBytes: number | null;
  /** Whether `sagaId` is a saga that is known here. */
  hasSaga: boolean;
  /** How often this message had been redriven to this service before it failed this time. */
  redrivenBefore: number;
  status: DeadLetterStatus;
  decidedAt: Date | null;
  decidedBy: string | null;
  decidedBecause: string | null;
};

/** Who decided what of a dead letter, and why. */
export type Decision = { status: 'REDRIVING' | 'DISCARDED'; by: string; because: string };

export type DeadLetterKind = { service?: string; topic?: string; code?: string };
export type DeadLetterFilter = DeadLetterKind & { status?: DeadLetterStatus; sagaId?: string };

export type OpenDeadLetters = { service: string; topic: string; code: string; letters: number; oldest: Date };
/** The open ones of a topic: all, those that were not kept byte by byte, and those that have no key or no value. */
export type OpenOnTopic = { topic: string; letters: number; notWhole: number; empty: number };
export type DecidedLetter = Place & { id: string; service: string; code: string };

/** The rows of dead letters. What takes a transaction belongs to the caller's. */
export interface DeadLetterStore {
  /** A dead letter that is there already stays as it is. */
  keep(letters: readonly NewDeadLetter[]): Promise<void>;
  one(id: string): Promise<DeadLetter | undefined>;
  /** At most `limit`, newest first, that came before `before`; of each value the first `valueBytes`. */
  page(filter: DeadLetterFilter, before: number | undefined, limit: number, valueBytes: number): Promise<DeadLetter[]>;
  /** The open ones of this kind, by service, topic and code. */
  countOpen(kind: DeadLetterKind): Promise<OpenDeadLetters[]>;
  /** The open ones of this kind, by topic. */
  openOnTopics(kind: DeadLetterKind): Promise<OpenOnTopic[]>;
  /** Undefined where it is not OPEN any more. `original` completes what was not kept. */
  decide(sql: Transaction, id: string, decision: Decision, original?: Original): Promise<DecidedLetter | undefined>;
  /** Of the open ones of this kind and these topics, the `limit` oldest that are whole, with key and value. */
  redriveMany(
    sql: Transaction,
    kind: DeadLetterKind,
    topics: readonly string[],
    limit: number,
    decision: Decision,
  ): Promise<DecidedLetter[]>;
  /**
   * The oldest that are to be published, for one replica at a time: nothing while another one's transaction has claimed
   * any.
   */
  claimRedriving(sql: Transaction, limit: number): Promise<(Original & { id: string; topic: string })[]>;
  setRedriven(sql: Transaction, ids: readonly string[]): void;
}
