import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { BatchHandler, Consumer } from '../broker.ts';
import { messageOf } from '../faults.ts';
import { batchGatherer } from './batch-gatherer.ts';
import type { KafkaClient, Membership, MembershipEnd } from './kafka-client.ts';
import { repeatFilter } from './repeat-filter.ts';

export type KeepConsumingOptions = {
  client: KafkaClient;
  /** With the prefix, as the topics. */
  group: string;
  topics: readonly string[];
  unprefixed: (topic: string) => string;
  partitions: number;
  maxBatch: number;
  lanes: number;
  handle: BatchHandler;
  logger: Logger;
};

const REJOIN_PAUSE_MS = 300;

/**
 * Consumes until it is stopped: whenever the client gives up (all brokers away, an error that it does not retry,
 * silence), a new consumer takes its place. No more calls of the handler are under way than there are lanes, not even
 * across the old and the new one.
 */
export function keepConsuming(options: KeepConsumingOptions): Consumer {
  const { client, maxBatch, lanes, handle, logger, ...subscription } = options;
  const { group } = subscription;
  const stopping = new AbortController();
  const onRejected = (error: unknown, messages: number): void =>
    logger.warn({ group, messages, error: messageOf(error) }, 'batch was rejected: it comes again');
  const gatherer = batchGatherer({ maxBatch, lanes, handle, onRejected });
  const join = (): Membership => client.joinGroup({ ...subscription, gatherer, logger });

  const isRepeated = repeatFilter();
  let membership = join();
  const running = rejoin();

  function report({ reason, joined }: MembershipEnd): void {
    if (isRepeated(reason)) logger.debug({ group, reason }, 'still not in the group');
    else if (joined) logger.warn({ group, reason }, 'the consumer lost Kafka: a new one joins');
    else logger.info({ group, reason }, 'the group cannot be joined yet: tried again until it can');
  }

  async function rejoin(): Promise<void> {
    for (;;) {
      const end = await membership.over;
      if (!stopping.signal.aborted) {
        report(end);
        await pause(REJOIN_PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {}); // stopped: no pause
      }
      if (stopping.signal.aborted) return;
      membership = join();
    }
  }

  let stopped: Promise<void> | undefined;
  async function stop(): Promise<void> {
    stopping.abort();
    await membership.leave();
    await running;
  }
  return {
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
