import { hash } from 'node:crypto';
import { v7 } from 'uuid';

/**
 * Every id that a message carries is derived from the saga id, so that a resend, a replay after a crash and a
 * rebuild from the journal all produce the same message. Only the saga id itself is drawn (UUIDv7: it sorts by time).
 */
export type Operation = 'action' | 'compensation';

export const newOrderId = (): string => v7();

/** An id for what a person asked for (a cancellation): nothing that exists determines it. */
export const newRequestId = (): string => v7();

/** The id of a command, of every resend of it, and the inbox key of its effect. */
export const commandId = (sagaId: string, step: string, operation: Operation, generation: number): string =>
  v5(`${step}:${operation}:${generation}`, sagaId);

/** The order itself is step zero: its action is the order's own creation. */
export const ORDER_STEP = 'order';
export const orderActionId = (orderId: string): string => commandId(orderId, ORDER_STEP, 'action', 0);

/** The answer that settles a command: one id, however often the command is redelivered. */
export const finalFactId = (command: string): string => v5('final', command);

/** A technical failure of one sending: another sending may yet succeed. */
export const failedFactId = (command: string, attempt: number): string => v5(`failed:${attempt}`, command);

export const processedId = (orderId: string): string => v5('processed', orderId);

const STATE_CHANGE_NAMESPACE = '5f9a1f64-64a5-5e7b-8f1c-0d4b1b0e6a11';

/** A state topic's message: the same version of the same thing is the same message. */
export const stateChangeId = (topic: string, key: string, version: number): string =>
  v5(`${topic}:${key}:${version}`, STATE_CHANGE_NAMESPACE);

const DEAD_LETTER_NAMESPACE = '0f6e2a0e-3d0b-5c7e-9a3c-6a5d1b7c2e42';

/**
 * Where a message lay and what it was tell which dead letter it is: the same one, however often it is delivered, and
 * another one where a topic was made anew and counts from zero again.
 */
export const deadLetterId = (
  service: string,
  at: { topic: string; partition: number; offset: string; value: Uint8Array | null },
): string => v5(at.value ?? '', v5(`${service}:${at.topic}:${at.partition}:${at.offset}`, DEAD_LETTER_NAMESPACE));

const UUID_BYTES = 16;

/**
 * A UUID that is derived from a name (RFC 9562, version 5), as `v5` of the package uuid, in half of its time: some twenty
 * of them are made per order.
 */
function v5(name: string | Uint8Array, namespace: string): string {
  const named = Buffer.concat([Buffer.from(namespace.replaceAll('-', ''), 'hex'), Buffer.from(name)]);
  if (named.length !== UUID_BYTES + Buffer.byteLength(name)) throw new TypeError(`${namespace} is no UUID`);
  const hex = hash('sha1', named, 'hex');
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
