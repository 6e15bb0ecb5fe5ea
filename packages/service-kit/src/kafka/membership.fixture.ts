import pino from 'pino';
import type { BatchHandler, LeftMessage } from '../broker.ts';
import type { BatchGatherer } from './batch-gatherer.ts';
import type { JoinOptions } from './kafka-client.ts';

export const TOPIC = 'topic';

/** A group of one topic. */
export const joinOptions = (gatherer: BatchGatherer): JoinOptions => ({
  group: 'group',
  topics: [TOPIC],
  unprefixed: (topic) => topic,
  partitions: 4,
  gatherer,
  logger: pino({ level: 'silent' }),
});

/** A handler that tells what it handles; each call waits until the test ends it. */
export function waitingHandler(told: string[]) {
  const calls: PromiseWithResolvers<readonly LeftMessage[]>[] = [];
  const handle: BatchHandler = (batch) => {
    told.push(`handles ${batch.map(({ partition, offset }) => `${partition}:${offset}`).join(' ')}`);
    const call = Promise.withResolvers<readonly LeftMessage[]>();
    calls.push(call);
    return call.promise;
  };
  return { calls, handle };
}
