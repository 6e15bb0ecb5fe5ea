import type { Consumer, ConsumerCrashEvent, EachBatchPayload, Kafka, KafkaMessage, Offsets } from 'kafkajs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { LeftMessage } from '../../broker.ts';
import { batchGatherer } from '../batch-gatherer.ts';
import type { Membership } from '../kafka-client.ts';
import { joinOptions, TOPIC, waitingHandler } from '../membership.fixture.ts';
import { joinGroup } from './membership.ts';

const PATIENCE = { timeout: 60_000, interval: 5 };
const EVENTS = {
  GROUP_JOIN: 'join',
  REBALANCING: 'rebalancing',
  FETCH: 'fetch',
  HEARTBEAT: 'heartbeat',
  CRASH: 'crash',
};

const membershipError = (type: string): Error => Object.assign(new Error(type), { type });

const memberships: Membership[] = [];
afterEach(async () => {
  for (const membership of memberships.splice(0)) await membership.leave();
});

/**
 * A membership over a kafkajs consumer that does what the test says; what happens is told in order. A handler's call
 * waits until the test ends it.
 */
async function scene() {
  const told: string[] = [];
  const listeners = new Map<string, (event: unknown) => void>();
  const running = Promise.withResolvers<(payload: EachBatchPayload) => Promise<void>>();
  let refused: Error | undefined;
  let heartbeatFails: Error | undefined;
  let assigned = true;

  const consumer: Partial<Consumer> = {
    events: EVENTS as Consumer['events'],
    on: ((event: string, listener: (event: unknown) => void) => {
      listeners.set(event, listener);
      return () => {};
    }) as Consumer['on'],
    connect: async () => {},
    subscribe: async () => {},
    run: async ({ eachBatch } = {}) => {
      if (eachBatch) running.resolve(eachBatch);
    },
    disconnect: async () => {
      told.push('disconnected');
    },
  };
  const { calls, handle } = waitingHandler(told);
  const gatherer = batchGatherer({ maxBatch: 100, lanes: 1, handle, onRejected: () => {} });
  const membership = joinGroup({ consumer: () => consumer } as unknown as Kafka, joinOptions(gatherer));
  memberships.push(membership);
  const eachBatch = await running.promise;
  const emit = (event: keyof typeof EVENTS, payload: object = {}) => listeners.get(EVENTS[event])?.({ payload });

  return {
    told,
    membership,
    emit,
    /** A fetch brought these offsets of a partition. Resolves as kafkajs would be told. */
    deliver: (partition: number, ...offsets: number[]) => {
      const messages = offsets.map((offset) => ({ offset: String(offset), key: null, value: null, headers: {} }));
      return eachBatch({
        batch: { topic: TOPIC, partition, messages: messages as unknown as KafkaMessage[] },
        resolveOffset: (offset: string) => {
          if (!assigned) throw new TypeError('kafkajs knows no such partition any more');
          told.push(`resolved ${partition}:${offset}`);
        },
        heartbeat: async () => {
          if (!heartbeatFails) return;
          told.push('heartbeat refused');
          throw heartbeatFails;
        },
        pause: () => {
          told.push(`paused ${partition}`);
          return () => told.push(`resumed ${partition}`);
        },
        commitOffsetsIfNecessary: async (offsets?: Offsets) => {
          const committed = (offsets?.topics ?? []).flatMap(({ partitions }) =>
            partitions.map(({ partition, offset }) => `${partition}:${offset}`),
          );
          told.push(`${refused ? 'refused to commit' : 'committed'} ${committed.join(' ')}`);
          if (refused) throw refused;
        },
      } as unknown as EachBatchPayload);
    },
    ends: async (call: number, left: readonly LeftMessage[] = []) => {
      await vi.waitFor(() => expect(calls.length).toBeGreaterThan(call), PATIENCE);
      calls[call]?.resolve(left);
    },
    tells: (line: string) => vi.waitFor(() => expect(told).toContain(line), PATIENCE),
    commitsAre: (error: Error | undefined) => {
      refused = error;
    },
    heartbeatsAre: (error: Error | undefined) => {
      heartbeatFails = error;
    },
    partitionsAreOthers: () => {
      assigned = false;
    },
    partitionsAreOurs: () => {
      assigned = true;
    },
  };
}

describe('a member of a group', () => {
  test('that gives way ends its batch, commits it and then lets the others have the rest', async () => {
    const { told, emit, deliver, ends, tells, heartbeatsAre } = await scene();
    emit('GROUP_JOIN');
    heartbeatsAre(membershipError('REBALANCE_IN_PROGRESS'));
    const first = deliver(0, 1, 2);
    const given = expect(first).rejects.toThrow('REBALANCE_IN_PROGRESS');
    await tells('handles 0:1 0:2');
    const second = expect(deliver(1, 5)).rejects.toThrow('REBALANCE_IN_PROGRESS');
    await tells('heartbeat refused');
    await ends(0);
    await Promise.all([given, second]);
    expect(told).toEqual(['handles 0:1 0:2', 'heartbeat refused', 'resolved 0:2', 'committed 0:3']);
  });

  test('that gave way takes nothing before it has joined again: kafkajs fetches once more where joining fails', async () => {
    const { told, emit, deliver, ends, tells, heartbeatsAre } = await scene();
    emit('GROUP_JOIN');
    heartbeatsAre(membershipError('NOT_COORDINATOR_FOR_GROUP'));
    const given = expect(deliver(0, 1)).rejects.toThrow('NOT_COORDINATOR_FOR_GROUP');
    await tells('heartbeat refused');
    await ends(0);
    await given;
    await expect(deliver(1, 5)).rejects.toThrow('NOT_COORDINATOR_FOR_GROUP');
    heartbeatsAre(undefined);
    emit('GROUP_JOIN');
    const joined = deliver(1, 5);
    await ends(1);
    await joined;
    expect(told.filter((line) => line.startsWith('handles'))).toEqual(['handles 0:1', 'handles 1:5']);
  });

  test('moves no offset of what it had before the partitions were shared out anew, and works on', async () => {
    const { told, emit, deliver, ends, partitionsAreOthers, partitionsAreOurs, tells } = await scene();
    emit('GROUP_JOIN');
    const before = deliver(0, 1);
    await tells('handles 0:1');
    partitionsAreOthers();
    emit('GROUP_JOIN');
    await before;
    await ends(0);
    const after = deliver(1, 7);
    await tells('handles 1:7');
    partitionsAreOurs();
    await ends(1);
    await after;
    await tells('committed 1:8');
    expect(told).toEqual(['handles 0:1', 'handles 1:7', 'resolved 1:7', 'committed 1:8']);
  });

  test.each(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS'])(
    'does not repeat a commit that was refused with %s once the partitions are shared out anew',
    async (type) => {
      const { told, emit, deliver, ends, tells, commitsAre } = await scene();
      emit('GROUP_JOIN');
      commitsAre(membershipError(type));
      const before = deliver(0, 1);
      await ends(0);
      await before;
      await tells('refused to commit 0:2');
      emit('GROUP_JOIN');
      commitsAre(undefined);
      const after = deliver(1, 7);
      await ends(1);
      await after;
      await tells('committed 1:8');
      expect(told.filter((line) => line.includes('commit'))).toEqual(['refused to commit 0:2', 'committed 1:8']);
    },
  );

  test('that leaves ends its batch, commits and only then goes (trap 17)', async () => {
    const { told, emit, deliver, ends, tells, membership } = await scene();
    emit('GROUP_JOIN');
    const delivered = deliver(0, 1);
    await tells('handles 0:1');
    const left = membership.leave();
    const late = deliver(1, 4);
    await ends(0);
    await Promise.all([delivered, late, left]);
    expect(told.slice(0, 4)).toEqual(['handles 0:1', 'resolved 0:1', 'committed 0:2', 'disconnected']);
  });

  test('that leaves while the group is being shared out anew takes nothing more (trap 17)', async () => {
    const { told, emit, deliver, ends, tells, membership } = await scene();
    emit('GROUP_JOIN');
    const delivered = deliver(0, 1);
    await tells('handles 0:1');
    const left = membership.leave();
    emit('REBALANCING');
    emit('GROUP_JOIN');
    await delivered;
    const late = deliver(1, 4);
    await ends(0);
    await Promise.all([late, left]);
    expect(told.filter((line) => line.startsWith('handles'))).toEqual(['handles 0:1']);
    expect(told).toContain('disconnected');
  });

  test('whose consumer kafkajs gives up lets everything go, and takes nothing of it any more', async () => {
    const { emit, deliver, tells, membership, ends } = await scene();
    emit('GROUP_JOIN');
    const delivered = deliver(0, 1);
    await tells('handles 0:1');
    emit('CRASH', { error: new Error('all brokers are away') } satisfies Partial<ConsumerCrashEvent['payload']>);
    expect(await membership.over).toEqual({ reason: 'all brokers are away', joined: true });
    await delivered;
    await expect(deliver(0, 1)).rejects.toThrow('this consumer has been replaced');
    await ends(0);
  });

  test('fetches nothing of a partition in which a message was left, until it is shared out anew (trap 30)', async () => {
    const { told, emit, deliver, ends, tells } = await scene();
    emit('GROUP_JOIN');
    const delivered = deliver(0, 1, 2);
    const left = { topic: TOPIC, partition: 0, offset: '2', key: null, headers: {}, value: null };
    await ends(0, [{ received: left, waitsFor: 'another replica' }]);
    await delivered;
    await tells('paused 0');
    expect(told).toContain('resolved 0:1');
    expect(told).not.toContain('resolved 0:2');
    emit('GROUP_JOIN');
    await tells('resumed 0');
  });
});
