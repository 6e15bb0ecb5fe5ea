import { setTimeout as pause } from 'node:timers/promises';
import type { EachBatchPayload, Kafka, TopicOffsets } from 'kafkajs';
import { messageOf } from '../../faults.ts';
import { within } from '../../within.ts';
import { FLUSH_LIMIT_MS, LEAVE_LIMIT_MS, REBALANCE_GRACE_MS, REJECTED_PAUSE_MS } from '../group-settings.ts';
import { heldPartitions } from '../held-partitions.ts';
import type { JoinOptions, Membership, MembershipEnd } from '../kafka-client.ts';
import { type NextOffset, offsetCommitter } from '../offset-committer.ts';
import { consumerSettings } from './consumer-settings.ts';
import { receivedMessage } from './received-message.ts';

/** kafkajs sends a heartbeat only when one is due: asking more often keeps the distance near to the interval. */
const TICK_MS = 500;
/** No fetch, heartbeat or join for so long, and no handler at work: kafkajs hangs. Longer than all of its retries. */
const SILENCE_LIMIT_MS = 180_000;

/** Rejoining is kafkajs' to do; ours is to let go in time. */
const MEMBERSHIP_ERRORS = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'NOT_COORDINATOR_FOR_GROUP',
]);

export function joinGroup(client: Kafka, options: JoinOptions): Membership {
  const { group, topics, unprefixed, partitions, gatherer, logger } = options;
  const end = Promise.withResolvers<MembershipEnd>();
  let quitting: Promise<void> | undefined;
  let over = false;
  let joined = false;
  let leaving = false;
  let busy = 0;
  /** By way of it, kafkajs does what belongs to the generation at hand. */
  let latest: EachBatchPayload | undefined;
  let lastSign = performance.now();
  let givingWay: Promise<never> | undefined;

  const consumer = client.consumer(consumerSettings(group));
  const held = heldPartitions();
  const committer = offsetCommitter({
    // Once: the consumer's own commitOffsets repeats a refused commit, and may do so as a member of the next generation,
    // for partitions in which another one has read on by then.
    commit: async (offsets) => {
      if (!latest) throw new Error('there is nothing to commit before the first batch');
      await latest.commitOffsetsIfNecessary({ topics: byTopic(offsets) });
    },
    onFailed: (error) => logger.info({ group, error: messageOf(error) }, 'offsets could not be committed this time'),
  });

  const report = (error: unknown): void => logger.info({ group, error: messageOf(error) }, 'not waited for any longer');

  consumer.on(consumer.events.GROUP_JOIN, () => {
    if (over) return;
    sign();
    joined = true;
    // kafkajs joins again by itself, too, while a batch is at work: it may be someone else's by now.
    gatherer.abandon();
    committer.forget();
    held.release();
    givingWay = undefined;
    if (!leaving) gatherer.resume();
  });
  consumer.on(consumer.events.REBALANCING, () => void committer.flush());
  consumer.on(consumer.events.FETCH, sign);
  consumer.on(consumer.events.HEARTBEAT, sign);
  consumer.on(consumer.events.CRASH, ({ payload }) => void quitOnce(payload.error.message));

  const ticking = setInterval(tick, TICK_MS);
  const started = start().catch((error: unknown) => {
    void quitOnce(messageOf(error));
  });

  async function start(): Promise<void> {
    await consumer.connect();
    if (!over) await consumer.subscribe({ topics: [...topics], fromBeginning: true });
    if (over) return;
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      // All that a fetch brought is delivered at once, so that it can be gathered into one batch.
      partitionsConsumedConcurrently: topics.length * partitions,
      eachBatch,
    });
  }

  /** Returning without having resolved an offset makes kafkajs fetch again from there. */
  async function eachBatch(payload: EachBatchPayload): Promise<void> {
    if (over) throw new Error('this consumer has been replaced');
    // kafkajs fetches once more where joining fails: what is gathered before it has joined would wait for ever.
    if (givingWay) return givingWay;
    const { batch, resolveOffset, pause: halt } = payload;
    const { topic, partition } = batch;
    latest = payload;
    busy += 1;
    try {
      const outcome = await gatherer.add({
        messages: batch.messages.map((record) => receivedMessage(unprefixed(topic), partition, record)),
        handledUpTo: ({ offset }) => {
          resolveOffset(offset);
          committer.note({ topic, partition, offset: String(BigInt(offset) + 1n) });
        },
      });
      await givingWay;
      if (outcome === 'rejected') await pause(REJECTED_PAUSE_MS);
      // Only this partition: the others' next fetch must not wait for it.
      if (outcome === 'left') held.hold(halt());
    } finally {
      busy -= 1;
      sign();
    }
  }

  function sign(): void {
    lastSign = performance.now();
  }

  function tick(): void {
    if (busy > 0) latest?.heartbeat().catch(onHeartbeatFailed);
    else if (performance.now() - lastSign > SILENCE_LIMIT_MS)
      void quitOnce(`kafkajs was silent for ${SILENCE_LIMIT_MS} ms`);
  }

  /** A connection that broke is no reason to drop the batch at hand: kafkajs connects again at the next fetch. */
  function onHeartbeatFailed(error: unknown): void {
    if (busy === 0 || givingWay || !isMembershipError(error)) return;
    givingWay = giveWay(error);
    givingWay.catch(() => {}); // every eachBatch under way awaits it
  }

  /** The others wait until we rejoin: ends the batch at hand if that is soon, and commits before they get the rest. */
  async function giveWay(error: Error): Promise<never> {
    await within(REBALANCE_GRACE_MS, 'the batch at hand', gatherer.hold()).catch(report);
    await within(FLUSH_LIMIT_MS, 'the last commit', committer.flush()).catch(report);
    gatherer.abandon();
    throw error;
  }

  /** A start that is under way goes on inside kafkajs: it is disconnected again after its end. */
  async function disconnect(): Promise<void> {
    await consumer.disconnect();
    await started;
    await consumer.disconnect();
  }

  function quitOnce(reason: string): Promise<void> {
    quitting ??= quit(reason);
    return quitting;
  }

  async function quit(reason: string): Promise<void> {
    over = true;
    clearInterval(ticking);
    const left = within(LEAVE_LIMIT_MS, 'leaving the group', disconnect());
    // Only now that kafkajs was told to stop: it would fetch again at once what is let go.
    gatherer.abandon();
    committer.forget();
    held.release();
    end.resolve({ reason, joined });
    await left.catch(report);
  }

  return {
    over: end.promise,
    leave: async () => {
      leaving = true;
      await gatherer.hold();
      await within(FLUSH_LIMIT_MS, 'the last commit', committer.flush()).catch(report);
      await quitOnce('left');
    },
  };
}

const isMembershipError = (error: unknown): error is Error =>
  error instanceof Error && 'type' in error && typeof error.type === 'string' && MEMBERSHIP_ERRORS.has(error.type);

/** As kafkajs has it. */
function byTopic(offsets: readonly NextOffset[]): TopicOffsets[] {
  const topics = Map.groupBy(offsets, ({ topic }) => topic);
  return [...topics].map(([topic, group]) => ({
    topic,
    partitions: group.map(({ partition, offset }) => ({ partition, offset })),
  }));
}
