import type { StateTopic } from '@saga/messages/announcements';
import { stateChangeId } from '@saga/messages/ids';
import type { Message } from '@saga/messages/message';
import type { Body } from '@saga/messages/topics';

export type StateChange<T extends StateTopic> = {
  /** The service whose thing it is. */
  service: string;
  topic: T;
  /** The thing's own id: of all that is published under it the topic keeps the last. */
  key: string;
  body: Body<T>;
  /** Of the request that changed it. */
  traceparent: string;
};

/** Tells the others what a thing is like now; the same version of it is the same message, however often it is sent. */
export const stateChange = <T extends StateTopic>({
  service,
  topic,
  key,
  body,
  traceparent,
}: StateChange<T>): Message<T> =>
  // Body<T> ties the body to its topic; a union of all topics cannot be told so.
  ({
    topic,
    key,
    envelope: {
      id: stateChangeId(topic, key, body.version),
      source: `/${service}`,
      time: new Date().toISOString(),
      subject: key,
      traceparent,
    },
    body,
  }) as Message<T>;
