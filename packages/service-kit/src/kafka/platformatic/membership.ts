import { setTimeout as pause } from 'node:timers/promises';
import { messageOf } from '../../faults.ts';
import { within } from '../../within.ts';
import type { Outcome } from '../batch-gatherer.ts';
import { FLUSH_LIMIT_MS, MAX_WAIT_MS, REBALANCE_GRACE_MS, REJECTED_PAUSE_MS } from '../group-settings.ts';
import { heldPartitions } from '../held-partitions.ts';
import type { JoinOptions, Membership, MembershipEnd } from '../kafka-client.ts';
import { offsetCommitter } from '../offset-committer.ts';
import { pauseAfter } from './connection-settings.ts';
import { reasonOf } from './faults.ts';
import type { Generation, GroupMember, MemberEvents } from './group-member.ts';
import type { Arrival, PartitionReader, Position } from './partition-reader.ts';
import { receivedMessages } from './received-messages.ts';

/**
 * Half a minute of refused connections, longer than a broker takes to start again: a member that outlasts it is still
 * known to the group, while the others wait for one that gave up until its session ends.
 */
const MAX_FAILURES = 30;

export type MembershipParts = { reader: PartitionReader; createMember: (events: MemberEvents) => GroupMember };

/** A partition of ours; nothing of a held one is fetched: a message in it was left. */
type Owned = Position & { isHeld: boolean };

/**
 * One life of a member: what was assigned is read from each broker node in turns. A fetch, then all that it brought is
 * handled, then the next fetch, which brings what came meanwhile: so batches grow with the load, and no more than a
 * fetch of each node is in memory.
 */
export function joinGroup({ reader, createMember }: MembershipParts, options: JoinOptions): Membership {
  const { group, unprefixed, gatherer, logger } = options;
  const end = Promise.withResolvers<MembershipEnd>();
  let quitting: Promise<void> | undefined;
  let joined = false;
  let leaving = false;
  let generation: Generation | undefined;
  /** Aborted when nothing more is to be fetched: the partitions are, or will be, someone else's. */
  let ours = new AbortController();
  let reading: Promise<void> = Promise.resolve();

  const held = heldPartitions();
  const member = createMember({ beforeJoining: giveWay, onJoined, onLost: (reason) => void quitOnce(reason) });
  const committer = offsetCommitter({
    commit: async (offsets) => {
      if (!generation) throw new Error('not in the group');
      await member.commit(generation, offsets);
    },
    onFailed: (error) => logger.info({ group, error: reasonOf(error) }, 'offsets could not be committed this time'),
  });
  const report = (error: unknown): void => logger.info({ group, error: messageOf(error) }, 'not waited for any longer');

  member.join().catch((error: unknown) => void quitOnce(reasonOf(error)));

  /** The others wait until we rejoin: ends the batch at hand if that is soon, and commits before they get the rest. */
  async function giveWay(): Promise<void> {
    if (!generation) return;
    ours.abort();
    logger.info({ group }, 'the group is shared out anew');
    await within(REBALANCE_GRACE_MS, 'the batch at hand', gatherer.hold()).catch(report);
    await within(FLUSH_LIMIT_MS, 'the last commit', committer.flush()).catch(report);
    letGo();
  }

  function letGo(): void {
    ours.abort();
    generation = undefined;
    gatherer.abandon();
    committer.forget();
    held.release();
  }

  function onJoined(next: Generation): void {
    if (quitting) return;
    joined = true;
    letGo();
    if (leaving) return;
    generation = next;
    ours = new AbortController();
    const partitions = next.assignments.reduce((sum, each) => sum + each.partitions.length, 0);
    logger.info({ group, partitions }, 'joined the group');
    gatherer.resume();
    reading = read(next, ours.signal, reading);
  }

  /** Until the partitions are no longer ours, over any fault that passes. Never two at a time. */
  async function read({ assignments }: Generation, signal: AbortSignal, last: Promise<void>): Promise<void> {
    await last;
    let failures = 0;
    let owned: Owned[] | undefined;
    while (!signal.aborted) {
      try {
        owned ??= (await reader.positions(assignments)).map((position) => ({ ...position, isHeld: false }));
        await readFromAll(owned, signal, () => {
          failures = 0;
        });
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        if (failures > MAX_FAILURES) return void quitOnce(reasonOf(error));
        logger.debug({ group, error: reasonOf(error) }, 'fetching failed: tried again');
        await pauseUnless(signal, pauseAfter(failures));
      }
    }
  }

  /** Each node for itself, so that none waits for another; if one fails, who leads what is asked anew for all. */
  async function readFromAll(owned: readonly Owned[], signal: AbortSignal, onFetched: () => void): Promise<void> {
    const failed = new AbortController();
    const either = AbortSignal.any([signal, failed.signal]);
    const nodes = [...(await reader.byLeader(owned))].map(async ([node, led]) => {
      while (!either.aborted) {
        await readOnce(node, led, either);
        onFetched();
      }
    });
    try {
      // Without any partition there is nothing to do until the group is shared out anew.
      await (nodes.length > 0 ? Promise.all(nodes) : untilAborted(signal));
    } finally {
      failed.abort();
      await Promise.allSettled(nodes);
    }
  }

  async function readOnce(node: number, led: readonly Owned[], signal: AbortSignal): Promise<void> {
    const wanted = led.filter(({ isHeld }) => !isHeld);
    if (wanted.length === 0) return pauseUnless(signal, MAX_WAIT_MS);
    const arrived = await reader.fetch(node, wanted);
    if (signal.aborted) return;
    const outcomes = await Promise.all(arrived.map(deliver));
    if (outcomes.includes('rejected')) await pauseUnless(signal, REJECTED_PAUSE_MS);
  }

  async function deliver({ position, batches }: Arrival<Owned>): Promise<Outcome> {
    const { topic, partition } = position;
    const { messages, next } = receivedMessages(batches, { ...position, topic: unprefixed(topic) });
    const outcome = messages.length === 0 ? 'handled' : await gatherer.add({ messages, handledUpTo });
    if (outcome === 'handled') position.next = next;
    if (outcome === 'left') {
      position.isHeld = true;
      held.hold(() => {
        position.isHeld = false;
      });
    }
    return outcome;

    function handledUpTo({ offset }: { offset: string }): void {
      position.next = BigInt(offset) + 1n;
      committer.note({ topic, partition, offset: String(position.next) });
    }
  }

  function quitOnce(reason: string): Promise<void> {
    quitting ??= quit(reason);
    return quitting;
  }

  async function quit(reason: string): Promise<void> {
    letGo();
    end.resolve({ reason, joined });
    const parted = await Promise.allSettled([member.leave(), reader.close()]);
    for (const each of parted) if (each.status === 'rejected') report(each.reason);
  }

  return {
    over: end.promise,
    leave: async () => {
      leaving = true;
      ours.abort();
      await gatherer.hold();
      await within(FLUSH_LIMIT_MS, 'the last commit', committer.flush()).catch(report);
      await quitOnce('left');
    },
  };
}

/** Cut short by the signal. */
const pauseUnless = (signal: AbortSignal, ms: number): Promise<void> =>
  pause(ms, undefined, { signal }).catch(() => {});

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
