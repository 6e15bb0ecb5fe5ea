import type { CommandTopic } from '@saga/messages/commands';
import type { FactTopic } from '@saga/messages/facts';
import type { Message } from '@saga/messages/message';
import type { Instant } from './state.ts';

/** What can happen to a saga. The clock is a message like any other. */
export type Incoming =
  | { type: 'order-created'; partition: number; message: Message<'order-created'> }
  | { type: 'order-cancel-requested'; partition: number; message: Message<'order-cancel-requested'> }
  | { type: 'fact'; message: Message<FactTopic> }
  | TimerMessage;

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

export const messageIdOf = (incoming: Incoming): string =>
  incoming.type === 'timer' ? incoming.id : incoming.message.envelope.id;
