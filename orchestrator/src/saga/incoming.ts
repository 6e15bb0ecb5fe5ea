import type { CommandTopic } from '@saga/messages/commands';
import type { FactTopic } from '@saga/messages/facts';
import type { Message } from '@saga/messages/message';
import type { Instant } from './state.ts';

/** What can happen to a saga. The clock is a message like any other. */
export type Incoming =
  | { type: 'order-created'; partition: number; message: Message<'order-created'> }
  | { type: 'order-cancel-requested'; partition: number; message: Message<'order-cancel-requested'> }
  | { type: 'fact'; message: Message<FactTopic> }
  | TimerMessage
  | OperatorMessage;

export type TimerMessage = {
  type: 'timer';
  id: string;
  /** Per command topic, for the saga's partition: the latest sending that has been answered. */
  answeredUpTo: Partial<Record<CommandTopic, Instant>>;
  /** The topics whose silent participant this saga may probe now: a few sagas per partition do. */
  mayProbe: readonly CommandTopic[];
  /** What was first sent before this moment is never sent again: the inboxes may have forgotten it. */
  expiredBefore: Instant;
};

/** What an operator may ask of a saga; what is allowed when is said in `operator.ts`. */
export type Act =
  | {
      action: 'retry';
      /** Without it: whatever can be tried again. */
      step?: string;
      /** What the command shall say instead, without the order's id. */
      input?: Readonly<Record<string, unknown>>;
      evidence?: string;
    }
  | { action: 'compensate' | 'pause' | 'resume' }
  | { action: 'skip'; step: string }
  | { action: 'force-compensated'; step: string; evidence: string };

/** A person acts: a message like any other, in the journal beside the facts. */
export type OperatorMessage = {
  type: 'operator';
  id: string;
  act: Act;
  actor: string;
  reason: string;
  /** The version of the saga that the operator has seen. */
  expectedVersion: number;
  /** As a timer's: nothing is sent again that the inboxes may have forgotten. */
  expiredBefore: Instant;
};

/** What it is called in the history. */
export function messageTypeOf(incoming: Incoming): string {
  if (incoming.type === 'fact') return incoming.message.topic;
  return incoming.type === 'operator' ? `operator-${incoming.act.action}` : incoming.type;
}

export const messageIdOf = (incoming: Incoming): string =>
  'message' in incoming ? incoming.message.envelope.id : incoming.id;
