import type { Body, Topic } from './topics.ts';

/**
 * What stands in the headers (CloudEvents 1.0 in Kafka's binary mode, W3C trace context, ours).
 * `time` is when the message was first made: a resend or a redrive keeps it.
 */
export type Envelope = {
  id: string;
  source: string;
  time: string;
  subject: string;
  traceparent: string;
  /** On a command and on the fact that answers it: that is how a reply finds its step. */
  commandId?: string | undefined;
  step?: string | undefined;
  /** Numbers the sendings of a command, from 1; on `order-created`: how often it was announced. */
  attempt?: number | undefined;
  /** On a compensation: the command id of the action it undoes. The barrier's key. */
  actionId?: string | undefined;
};

/** A message as the code sees it: read, checked, typed. */
export type Message<T extends Topic = Topic> = T extends Topic
  ? { topic: T; key: string; envelope: Envelope; body: Body<T> }
  : never;
