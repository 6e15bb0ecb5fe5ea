import type { Message } from '@saga/messages/message';
import type { Failure, Reason } from '@saga/messages/reasons';
import type { Order } from './definition.ts';

/** Milliseconds since the epoch, by the database's clock. */
export type Instant = number;

export type SagaStatus = 'RUNNING' | 'COMPENSATING' | 'COMPLETED' | 'COMPENSATED';

/** Success or refusal: it settles a command for good. */
export type Answer =
  | { outcome: 'success'; at: Instant; reply: Readonly<Record<string, unknown>> }
  | { outcome: 'rejected'; at: Instant; reason: Reason };

/** A command that was sent, and all that is known of it. What it says is derived from the saga's data. */
export type SentCommand = {
  commandId: string;
  /** Numbers every sending, probes included. */
  attempt: number;
  /** Attempts used up: answered `failed`, or timed out and overtaken. */
  used: number;
  firstSentAt: Instant;
  sentAt: Instant;
  /** The id of the message that made it be sent: a duplicate of that message sends it again (trap 27). */
  causedBy: string;
  /**
   * What is due next, while it is unanswered, wanted and young enough to be sent again. That silence goes on is not noted:
   * the looks after this one are known by the saga's wake-up alone.
   */
  next?: { at: Instant; why: 'reply' | 'backoff' | 'silent' };
  /** Since when its participant has neither answered it nor anything sent later. */
  silentSince?: Instant;
  /** The last technical failure, and which sending it answered. */
  failed?: { attempt: number; at: Instant; reason: Reason };
  stuck?: { since: Instant; code: string };
  answer?: Answer;
};

/** One generation of a step: its action and, once it is undone, its compensation. */
export type Run = {
  action: SentCommand;
  compensation?: SentCommand;
  /** What the action says in place of what the definition makes of the saga's data: an operator has edited it. */
  input?: Readonly<Record<string, unknown>>;
};

/**
 * The contract's. No message leaves a step FAILED: what has used up its attempts is undone at once, or is retried
 * without end.
 */
export type StepStatus =
  | 'WAITING'
  | 'SKIPPED'
  | 'SENT'
  | 'SUCCEEDED'
  | 'REJECTED'
  | 'FAILED'
  | 'COMPENSATING'
  | 'COMPENSATED';

/** A step that was refused where there is no way back is SKIPPED when an operator says so; its runs stay. */
export type SentStep = { status: Exclude<StepStatus, 'WAITING'>; runs: readonly [Run, ...Run[]] };

export type StepState = { status: 'WAITING' | 'SKIPPED' } | SentStep;

export type Saga = {
  id: string;
  definition: { name: string; version: number };
  status: SagaStatus;
  /** How many messages were accepted; the expected version of an operator's action. */
  version: number;
  /** The partition number of all its messages, on every topic. */
  partition: number;
  traceparent: string;
  order: Order;
  startedAt: Instant;
  updatedAt: Instant;
  endedAt?: Instant;
  /** An operator has stopped it for the time being: what arrives is recorded, nothing is sent. */
  paused?: { since: Instant; by: string; reason: string };
  /** How long it was paused before, in all: its deadline is that much later. */
  pausedForMs?: number;
  failure?: Failure;
  /** The requests for a cancellation that stand in the journal: one that comes again is no news. */
  cancelRequests?: readonly string[];
  steps: Readonly<Record<string, StepState>>;
};

/** A cancellation that came before the order was known: kept, and applied right after it. */
export type AwaitedSaga = {
  id: string;
  status: 'AWAITED';
  version: number;
  partition: number;
  updatedAt: Instant;
  cancelRequest: Message<'order-cancel-requested'>;
};

/** A command for which nothing is due any more: it is answered, no longer wanted, or too old to be sent again. */
export function atRest({
  next: _next,
  silentSince: _silentSince,
  stuck: _stuck,
  ...command
}: SentCommand): SentCommand {
  return command;
}

export const runsOf = (step: StepState): readonly Run[] => ('runs' in step ? step.runs : []);

export const lastRunOf = (step: StepState): Run | undefined => runsOf(step).at(-1);

export function stateOf(saga: Saga, step: string): StepState {
  const state = saga.steps[step];
  if (!state) throw new Error(`saga ${saga.id} has no step ${step}`);
  return state;
}
