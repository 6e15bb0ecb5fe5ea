import type { ReceivedMessage } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import { MAX_REASON_LENGTH } from '@saga/messages/reasons';
import type { LeftMessage } from './broker.ts';

/** A message that was read, together with where it came from. */
export type Delivery = { message: Message; received: ReceivedMessage };

/** Why a message cannot be handled, now or ever. */
export type DeadLetterReason = { code: string; message: string };

/**
 * A validation error may name ten thousand faults: this fits into a fact, a dead letter and a line of the log. Cut in
 * the middle of a surrogate pair it could not be read: the half is replaced.
 */
export const deadLetterReason = (code: string, message: string): DeadLetterReason => ({
  code,
  message: (message.length > MAX_REASON_LENGTH
    ? `${message.slice(0, MAX_REASON_LENGTH - 1)}…`
    : message
  ).toWellFormed(),
});

export type DeadDelivery = { received: ReceivedMessage; reason: DeadLetterReason };

/**
 * What handling a batch caused. It has been committed; it is to be published, and only then may offsets move. What is
 * left was not handled, nor was anything behind it in its partition.
 */
export type Handled = { publish: readonly Message[]; dead: readonly DeadDelivery[]; left: readonly LeftMessage[] };

/**
 * A service's side of the fold: one transaction per call, all or nothing. It rejects with a transient fault (the
 * batch is repeated), a unique violation (repeated from a fresh load) or anything else (the batch is bisected until
 * the message at fault stands alone).
 */
export interface DeliveryHandler {
  topics: readonly Message['topic'][];
  /** As a subscription has it (broker.ts): what rows the calls share must be locked. */
  lanes: number;
  handle(deliveries: readonly Delivery[]): Promise<Handled>;
  /** What to answer for a readable message that cannot be handled: a participant's `failed` fact. */
  failed(delivery: Delivery, reason: DeadLetterReason, now: Date): readonly Message[];
}
