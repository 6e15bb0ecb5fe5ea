import { afterEach, describe, expect, test, vi } from 'vitest';
import type { LeftMessage } from '../../broker.ts';
import { batchGatherer } from '../batch-gatherer.ts';
import type { Membership } from '../kafka-client.ts';
import { joinOptions, TOPIC, waitingHandler } from '../membership.fixture.ts';
import type { MemberEvents } from './group-member.ts';
import { joinGroup } from './membership.ts';
import type { Arrival, Position } from './partition-reader.ts';
import { recordsBatch } from './records-batch.fixture.ts';

const PATIENCE = { timeout: 60_000, interval: 5 };

const memberships: Membership[] = [];
afterEach(async () => {
  for (const membership of memberships.splice(0)) await membership.leave();
});

type Fetching = { positions: readonly Position[]; settle: PromiseWithResolvers<Arrival<Position>[]> };

/** A membership over a broker that does what the test says; what happens is told in order. */
function scene() {
  const told: string[] = [];
  let fetches: Fetching[] = [];
  let events: MemberEvents | undefined;
  let refused: Error | undefined;
  let generationId = 0;

  const { calls, handle } = waitingHandler(told);
  const gatherer = batchGatherer({ maxBatch: 100, lanes: 1, handle, onRejected: () => {} });
  const membership = joinGroup(
    {
      reader: {
        positions: async (assignments) =>
          assignments.flatMap(({ topic, partitions }) =>
            partitions.map((partition) => ({ topic, partition, next: 1n })),
          ),
        byLeader: async (positions) => {
          told.push('asks who leads');
          return new Map([[1, [...positions]]]);
        },
        fetch: <Place extends Position>(_node: number, positions: readonly Place[]) => {
          const settle = Promise.withResolvers<Arrival<Position>[]>();
          fetches.push({ positions, settle });
          told.push(`fetches ${positions.map(({ partition, next }) => `${partition}:${next}`).join(' ')}`);
          return settle.promise as Promise<Arrival<Place>[]>;
        },
        close: async () => {
          for (const { settle } of fetches) settle.reject(new Error('closed'));
        },
      },
      createMember: (given) => {
        events = given;
        return {
          join: async () => {},
          commit: async (generation, offsets) => {
            const places = offsets.map(({ partition, offset }) => `${partition}:${offset}`).join(' ');
            told.push(`${refused ? 'refused to commit' : 'commits'} ${places} in ${generation.generationId}`);
            if (refused) throw refused;
          },
          leave: async () => {
            told.push('leaves');
          },
        };
      },
    },
    joinOptions(gatherer),
  );
  memberships.push(membership);

  const tells = (line: string) => vi.waitFor(() => expect(told).toContain(line), PATIENCE);
  const fetched = async (partition?: number): Promise<Fetching> => {
    const wanted = ({ positions }: Fetching) =>
      partition === undefined || positions.some((it) => it.partition === partition);
    await vi.waitFor(() => expect(fetches.some(wanted)).toBe(true), PATIENCE);
    const ended = fetches.find(wanted) as Fetching;
    fetches = fetches.filter((each) => each !== ended);
    return ended;
  };
  return {
    told,
    membership,
    tells,
    /** The fetch under way of the first of these partitions ends with these offsets. */
    brings: async (offsets: Record<number, readonly number[]>) => {
      const [partition] = Object.keys(offsets);
      const { positions, settle } = await fetched(Number(partition));
      settle.resolve(
        positions.flatMap((position) => {
          const found = offsets[position.partition];
          return found ? [{ position, batches: [recordsBatch(found)] }] : [];
        }),
      );
    },
    failsToFetch: async () => (await fetched()).settle.reject(new Error('connection closed')),
    givesWay: () => events?.beforeJoining(),
    isJoined: (...partitions: number[]) => {
      generationId += 1;
      for (const { settle } of fetches.splice(0)) settle.resolve([]);
      events?.onJoined({ memberId: 'me', generationId, assignments: [{ topic: TOPIC, partitions }] });
    },
    isLost: (reason: string) => events?.onLost(reason),
    ends: async (call: number, left: readonly LeftMessage[] = []) => {
      await vi.waitFor(() => expect(calls.length).toBeGreaterThan(call), PATIENCE);
      calls[call]?.resolve(left);
    },
    rejects: async (call: number) => {
      await vi.waitFor(() => expect(calls.length).toBeGreaterThan(call), PATIENCE);
      calls[call]?.reject(new Error('not now'));
    },
    commitsAre: (error: Error | undefined) => {
      refused = error;
    },
    count: (line: string) => told.filter((each) => each === line).length,
  };
}

describe('a member of a group', () => {
  test('makes one batch of what a fetch brought, and fetches again when all of it was handled', async () => {
    const { told, isJoined, brings, ends, tells } = scene();
    isJoined(0, 1);
    await brings({ 0: [1, 2], 1: [1] });
    await tells('handles 0:1 0:2 1:1');
    expect(told.filter((line) => line.startsWith('fetches'))).toEqual(['fetches 0:1 1:1']);
    await ends(0);
    await tells('fetches 0:3 1:2');
    await tells('commits 0:3 1:2 in 1');
  });

  test('that was given no partitions waits until it is given some', async () => {
    const { isJoined, tells, count } = scene();
    isJoined();
    await tells('asks who leads');
    isJoined(0);
    await tells('fetches 0:1');
    expect(count('asks who leads')).toBe(2);
  });

  test('skips what a record batch holds from before the position', async () => {
    const { isJoined, brings, ends, tells } = scene();
    isJoined(0);
    await brings({ 0: [0, 1] });
    await tells('handles 0:1');
    await ends(0);
    await tells('fetches 0:2');
  });

  test('that gives way ends its batch, commits it and then lets the others have the rest', async () => {
    const { told, isJoined, brings, ends, tells, givesWay } = scene();
    isJoined(0);
    await brings({ 0: [1, 2] });
    await tells('handles 0:1 0:2');
    const given = givesWay();
    await ends(0);
    await given;
    expect(told.slice(-2)).toEqual(['handles 0:1 0:2', 'commits 0:3 in 1']);
  });

  test('moves no offset of what it had before the partitions were shared out anew, and works on', async () => {
    const { told, isJoined, brings, ends, tells } = scene();
    isJoined(0);
    await brings({ 0: [1] });
    await tells('handles 0:1');
    isJoined(1);
    await ends(0);
    await brings({ 1: [1] });
    await ends(1);
    await tells('commits 1:2 in 2');
    expect(told.filter((line) => line.startsWith('commits'))).toEqual(['commits 1:2 in 2']);
  });

  test.each(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS'])(
    'does not repeat a commit that was refused with %s once the partitions are shared out anew',
    async (reason) => {
      const { told, isJoined, brings, ends, tells, commitsAre } = scene();
      isJoined(0);
      commitsAre(new Error(reason));
      await brings({ 0: [1] });
      await ends(0);
      await tells('refused to commit 0:2 in 1');
      isJoined(1);
      commitsAre(undefined);
      await brings({ 1: [1] });
      await ends(1);
      await tells('commits 1:2 in 2');
      expect(told.filter((line) => line.includes('commit'))).toEqual([
        'refused to commit 0:2 in 1',
        'commits 1:2 in 2',
      ]);
    },
  );

  test('that leaves ends its batch, commits and only then goes (trap 17)', async () => {
    const { told, isJoined, brings, ends, tells, membership } = scene();
    isJoined(0);
    await brings({ 0: [1] });
    await tells('handles 0:1');
    const left = membership.leave();
    await ends(0);
    await left;
    expect(told).toEqual(['asks who leads', 'fetches 0:1', 'handles 0:1', 'commits 0:2 in 1', 'leaves']);
    expect(await membership.over).toEqual({ reason: 'left', joined: true });
  });

  test('that leaves while the group is being shared out anew takes nothing more (trap 17)', async () => {
    const { told, isJoined, brings, ends, tells, membership } = scene();
    isJoined(0);
    await brings({ 0: [1] });
    await tells('handles 0:1');
    const left = membership.leave();
    isJoined(1);
    await ends(0);
    await left;
    expect(told).toEqual(['asks who leads', 'fetches 0:1', 'handles 0:1', 'leaves']);
  });

  test('that is lost lets everything go, and says why', async () => {
    const { told, isJoined, brings, ends, tells, membership, isLost } = scene();
    isJoined(0);
    await brings({ 0: [1] });
    await tells('handles 0:1');
    isLost('no heartbeat');
    expect(await membership.over).toEqual({ reason: 'no heartbeat', joined: true });
    await ends(0);
    await tells('leaves');
    expect(told.some((line) => line.startsWith('commits'))).toBe(false);
  });

  test('fetches again what was rejected, from its first message on', async () => {
    const { isJoined, brings, ends, rejects, tells, count } = scene();
    isJoined(0);
    await brings({ 0: [1, 2] });
    await rejects(0);
    await vi.waitFor(() => expect(count('fetches 0:1')).toBe(2), PATIENCE);
    await brings({ 0: [1, 2] });
    await ends(1);
    await tells('commits 0:3 in 1');
  });

  test('fetches nothing of a partition in which a message was left, until it is shared out anew (trap 30)', async () => {
    const { isJoined, brings, ends, tells } = scene();
    isJoined(0, 1);
    await brings({ 0: [1, 2], 1: [1] });
    const left = { topic: TOPIC, partition: 0, offset: '2', key: null, headers: {}, value: null };
    await ends(0, [{ received: left, waitsFor: 'another replica' }]);
    await tells('fetches 1:2');
    await tells('commits 0:2 1:2 in 1');
    isJoined(0, 1);
    await tells('fetches 0:1 1:1');
  });

  test('asks anew who leads what, when fetching fails', async () => {
    const { isJoined, brings, failsToFetch, ends, tells, count } = scene();
    isJoined(0);
    await failsToFetch();
    await vi.waitFor(() => expect(count('asks who leads')).toBe(2), PATIENCE);
    await brings({ 0: [1] });
    await ends(0);
    await tells('commits 0:2 in 1');
  });
});
