import { decode, type ReceivedMessage } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import { isStateTopic } from '@saga/messages/topics';
import type { Logger } from 'pino';
import type { BatchHandler, Broker } from './broker.ts';
import type { Clock } from './clock.ts';
import { deadLetter } from './dead-letter.ts';
import {
  type DeadDelivery,
  type DeadLetterReason,
  type Delivery,
  type DeliveryHandler,
  deadLetterReason,
  type Handled,
} from './delivery.ts';
import { type FaultLog, faultLog, type Work } from './fault-log.ts';
import { isTransient, isUniqueViolation, messageOf } from './faults.ts';
import { staysBehind } from './left-messages.ts';
import { publishUntilTaken, type Untakeable } from './publish-until-taken.ts';

/** What the metrics want to know. */
export type DeliveryObserver = {
  batch(size: number, seconds: number): void;
  handled(topic: string, outcome: string): void;
  deadLetter(topic: string, code: string): void;
};

export type DeliverOptions = {
  service: string;
  handler: DeliveryHandler;
  broker: Broker;
  clock: Clock;
  logger: Logger;
  /** Told of what the batches at hand wait for. */
  faults?: FaultLog;
  observer: DeliveryObserver;
  /** A message older than the inbox remembers could be handled twice: it becomes a dead letter (trap 28). */
  inboxDays: number;
  /** Aborted when the service stops: what cannot be handled now is left for the next replica. */
  stopping: AbortSignal;
};

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;
/** Another replica's row is seen by the next load; a violation that stays is a bug in a statement. */
const MAX_RELOADS = 5;
const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * From broker to handler and back: reads the batch, has it handled in one transaction, publishes what that caused and
 * only then resolves, so that offsets never move past what was not answered. Repeats transient faults for as long as
 * they last, bisects the batch around a message that cannot be handled, and turns that one into a dead letter (trap 9).
 * What the handler leaves is left in the broker, with all that follows it in its partition (trap 30).
 *
 * Rejects only when the service stops in the middle.
 */
export function deliver(options: DeliverOptions): BatchHandler {
  const { service, handler, broker, clock, logger, observer, inboxDays, stopping } = options;
  const { faults = faultLog(logger) } = options;
  const publish = publishUntilTaken({ broker, clock, logger, stopping });

  return async (received) => {
    const started = performance.now();
    const { readable, dead } = read(received);
    const handled = readable.length > 0 ? await faults.during((work) => settle(readable, work)) : NOTHING;
    const comesAgain = staysBehind(handled.left);
    const letters = [...dead, ...handled.dead].filter((each) => !comesAgain(each.received));
    const refused = await publish([...handled.publish, ...lettersOf(letters)]);
    letters.push(...(await bury(refused, readable)));
    report(
      readable.filter((each) => !comesAgain(each.received)),
      handled,
      letters,
    );
    observer.batch(received.length, (performance.now() - started) / 1_000);
    return handled.left;
  };

  function read(received: readonly ReceivedMessage[]): { readable: Delivery[]; dead: DeadDelivery[] } {
    const readable: Delivery[] = [];
    const dead: DeadDelivery[] = [];
    const oldest = clock.now().getTime() - inboxDays * DAY_MS;
    for (const each of received) {
      const decoded = decode(each);
      if (!decoded.ok) dead.push({ received: each, reason: deadLetterReason(decoded.code, decoded.reason) });
      else if (isExpired(decoded.message, oldest)) dead.push({ received: each, reason: EXPIRED(inboxDays) });
      else readable.push({ message: decoded.message, received: each });
    }
    return { readable, dead };
  }

  function lettersOf(dead: readonly DeadDelivery[]): Message[] {
    return dead.map((each) => deadLetter(service, each, clock.now()));
  }

  /** What was committed and cannot be told: the message that caused it becomes a dead letter, and says so. */
  async function bury(refused: readonly Untakeable[], causes: readonly Delivery[]): Promise<readonly DeadDelivery[]> {
    const whys = new Map(refused.map(({ message, why }) => [causeOf(message, causes).received, why]));
    const dead = [...whys].map(([received, why]) => ({
      received,
      reason: deadLetterReason('UNPUBLISHABLE', `its effect is committed, but cannot be told: ${why}`),
    }));
    const [unburied] = await publish(lettersOf(dead));
    if (unburied) throw new Error(`a dead letter cannot be published: ${unburied.why}`);
    return dead;
  }

  async function settle(deliveries: readonly Delivery[], work: Work): Promise<Handled> {
    let pauseMs = FIRST_PAUSE_MS;
    let reloads = 0;
    for (;;) {
      try {
        const handled = await handler.handle(deliveries);
        work.passed();
        return handled;
      } catch (error) {
        if (isUniqueViolation(error) && reloads < MAX_RELOADS) {
          reloads += 1;
          continue;
        }
        if (isTransient(error)) {
          work.met(error, 'batch is repeated: the fault may pass', { messages: deliveries.length });
          await clock.pause(pauseMs, stopping);
          pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
          continue;
        }
        return deliveries.length > 1 ? bisect(deliveries, work) : giveUp(deliveries, error);
      }
    }
  }

  async function bisect(deliveries: readonly Delivery[], work: Work): Promise<Handled> {
    const middle = Math.ceil(deliveries.length / 2);
    const first = await settle(deliveries.slice(0, middle), work);
    const comesAgain = staysBehind(first.left);
    const rest = deliveries.slice(middle).filter(({ received }) => !comesAgain(received));
    const second = rest.length > 0 ? await settle(rest, work) : NOTHING;
    return {
      publish: [...first.publish, ...second.publish],
      dead: [...first.dead, ...second.dead],
      left: [...first.left, ...second.left],
    };
  }

  function giveUp(deliveries: readonly Delivery[], error: unknown): Handled {
    const reason = deadLetterReason('HANDLER_FAILED', messageOf(error));
    return {
      publish: deliveries.flatMap((delivery) => {
        logger.error(
          { ...subjectOf(delivery.message), topic: delivery.message.topic, err: error },
          'message cannot be handled: dead letter',
        );
        return handler.failed(delivery, reason, clock.now());
      }),
      dead: deliveries.map(({ received }) => ({ received, reason })),
      left: [],
    };
  }

  function report(readable: readonly Delivery[], handled: Handled, letters: readonly DeadDelivery[]): void {
    const outcomes = new Map(handled.publish.map((each) => [each.envelope.commandId, outcomeOf(each)]));
    const verbose = logger.isLevelEnabled('info');
    for (const { message } of readable) {
      const outcome = outcomes.get(message.envelope.commandId) ?? 'handled';
      observer.handled(message.topic, outcome);
      if (!verbose) continue;
      logger.info({ ...subjectOf(message), attempt: message.envelope.attempt, outcome }, message.topic);
    }
    for (const { received, reason } of letters) {
      observer.deadLetter(received.topic, reason.code);
      const { topic, partition, offset, key } = received;
      logger.error({ key, topic, partition, offset, reason }, 'dead letter');
    }
  }
}

const NOTHING: Handled = { publish: [], dead: [], left: [] };

const EXPIRED = (days: number): DeadLetterReason => ({
  code: 'EXPIRED',
  message: `older than the ${days} days that the inbox remembers: handling it could repeat its effect`,
});

const isExpired = (message: Message, oldest: number): boolean =>
  !isStateTopic(message.topic) && Date.parse(message.envelope.time) < oldest;

/** Of several messages about one saga the one that it answers, else the last: that was handled last. */
function causeOf({ key, envelope: { commandId } }: Message, causes: readonly Delivery[]): Delivery {
  const related = causes.filter(({ message }) => message.key === key);
  const cause = related.find(({ message }) => message.envelope.id === commandId) ?? related.at(-1);
  if (!cause) throw new Error(`a message about ${key} was caused by none of the batch`);
  return cause;
}

/** What is told of a state, or of a message that could not be read, is not keyed by a saga's id. */
const subjectOf = ({ topic, key }: Message): object =>
  isStateTopic(topic) || topic === 'dead-letter' ? { key } : { sagaId: key };

const outcomeOf = (message: Message): string => ('outcome' in message.body ? message.body.outcome : 'sent');
