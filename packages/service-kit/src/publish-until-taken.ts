import { encode } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import type { Logger } from 'pino';
import type { Broker } from './broker.ts';
import type { Clock } from './clock.ts';
import { faultLog, type Work } from './fault-log.ts';
import { messageOf } from './faults.ts';

export type PublishOptions = { broker: Broker; clock: Clock; logger: Logger; stopping: AbortSignal };

/** A message that no broker will ever take, and why. */
export type Untakeable = { message: Message; why: string };

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Publishes for as long as it takes, in order. What no repetition mends, a message that is too large (RangeError), is
 * found by publishing one by one and returned: it must not hold up a partition for ever.
 *
 * @throws the signal's reason when the service stops in the middle.
 */
export function publishUntilTaken({ broker, clock, logger, stopping }: PublishOptions) {
  const faults = faultLog(logger);

  return async (messages: readonly Message[]): Promise<readonly Untakeable[]> =>
    messages.length === 0 ? [] : faults.during((work) => publishEach(messages, work));

  async function publishEach(messages: readonly Message[], work: Work): Promise<readonly Untakeable[]> {
    if ((await publish(messages, work)) === undefined) return [];
    const refused: Untakeable[] = [];
    for (const message of messages) {
      const why = await publish([message], work);
      if (why !== undefined) refused.push({ message, why });
    }
    return refused;
  }

  /** @returns why it will never be taken; undefined once it was. */
  async function publish(messages: readonly Message[], work: Work): Promise<string | undefined> {
    const wire = messages.map(encode);
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      try {
        await broker.publish(wire);
        work.passed();
        return undefined;
      } catch (error) {
        if (error instanceof RangeError) return messageOf(error);
        work.met(error, 'replies are published again: broker away', { messages: wire.length });
        await clock.pause(pauseMs, stopping);
      }
    }
  }
}
