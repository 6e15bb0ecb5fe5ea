import { type API, Consumer, type GroupAssignment, kGetApi, type offsetCommitV9 } from '@platformatic/kafka';
import { within } from '../../within.ts';
import {
  ASSIGNER,
  HEARTBEAT_INTERVAL_MS,
  LEAVE_LIMIT_MS,
  NO_USER_DATA,
  REBALANCE_TIMEOUT_MS,
  RETRIES,
  SESSION_TIMEOUT_MS,
} from '../group-settings.ts';
import type { KafkaClientOptions } from '../kafka-client.ts';
import type { NextOffset } from '../offset-committer.ts';
import { coPartitionedAssigner } from './co-partitioned-assigner.ts';
import { connectionSettings, hearingEveryError, REQUEST_TIMEOUT_MS } from './connection-settings.ts';
import { reasonOf } from './faults.ts';

/** Who we are in the group, since the partitions were last shared out. */
export type Generation = { memberId: string; generationId: number; assignments: readonly GroupAssignment[] };

export type GroupMember = {
  /** Joins, and from then on sends heartbeats and joins again whenever the group is shared out anew. */
  join(): Promise<void>;
  /** As the member that we were in this generation, once: with another one the broker refuses it. */
  commit(generation: Generation, offsets: readonly NextOffset[]): Promise<void>;
  /** Leaves the group and closes the connections. */
  leave(): Promise<void>;
};

/** Both with the prefix. */
export type GroupMemberOptions = { group: string; topics: readonly string[] };

export type MemberEvents = {
  /** Awaited before every join: the last moment at which what was handled can be committed. */
  beforeJoining: () => Promise<void>;
  onJoined: (generation: Generation) => void;
  /** Nothing but a new member helps. */
  onLost: (reason: string) => void;
};

type CommitApi = API<offsetCommitV9.OffsetCommitRequest, offsetCommitV9.OffsetCommitResponse>;

/** The broker does not answer a join before the others have joined, too. */
const JOIN_LIMIT_MS = REBALANCE_TIMEOUT_MS + REQUEST_TIMEOUT_MS;
const UNKNOWN_EPOCH = -1;

/**
 * What belongs to the group, on connections of its own: a broker answers the requests of one connection one by one, and
 * a fetch takes its time. The library's own commits are not used: it repeats a refused one as the member of the next
 * generation, for partitions in which another member has read on by then.
 */
export function groupMember(
  options: KafkaClientOptions,
  { group, topics }: GroupMemberOptions,
  { beforeJoining, onJoined, onLost }: MemberEvents,
): GroupMember {
  const consumer = hearingEveryError(
    new Consumer({
      ...connectionSettings(options),
      requestTimeout: JOIN_LIMIT_MS,
      retries: RETRIES,
      groupId: group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      protocols: [ASSIGNER],
      protocolsMetadata: async () => {
        await beforeJoining();
        return NO_USER_DATA;
      },
      assignmentUserData: NO_USER_DATA,
      partitionAssigner: coPartitionedAssigner,
    }),
  );
  consumer.topics.trackAll(...topics);
  consumer.on('consumer:group:join', ({ memberId, generationId = -1, assignments = [] }) =>
    onJoined({ memberId, generationId, assignments }),
  );
  consumer.on('error', (error: unknown) => onLost(reasonOf(error)));
  consumer.on('consumer:heartbeat:stalled', ({ stalledFor }) => onLost(`no heartbeat for ${stalledFor} ms`));

  async function coordinator() {
    const id = await consumer.findGroupCoordinator();
    const { brokers } = await consumer.metadata({ topics: [...topics] });
    const broker = brokers.get(id);
    if (!broker) throw new Error(`the group's coordinator ${id} is no broker that is known`);
    return consumer.connections.get(broker);
  }

  /** In the newest version that the broker has, too. */
  const commitApi = (): Promise<CommitApi> =>
    new Promise((resolve, reject) => {
      consumer[kGetApi]<offsetCommitV9.OffsetCommitRequest, offsetCommitV9.OffsetCommitResponse>(
        'OffsetCommit',
        (error, api) => (api ? resolve(api) : reject(error)),
      );
    });

  const leaveGroup = (): Promise<void> =>
    new Promise((resolve, reject) => {
      consumer.leaveGroup(true, (error) => (error ? reject(error) : resolve()));
    });

  return {
    join: async () => {
      await consumer.joinGroup();
    },
    commit: async ({ memberId, generationId }, offsets) => {
      const [connection, api] = await Promise.all([coordinator(), commitApi()]);
      await api.async(connection, group, generationId, memberId, null, byTopic(offsets));
    },
    leave: async () => {
      try {
        await within(LEAVE_LIMIT_MS, 'leaving the group', leaveGroup());
      } finally {
        await within(LEAVE_LIMIT_MS, 'closing', consumer.close());
      }
    },
  };
}

function byTopic(offsets: readonly NextOffset[]): offsetCommitV9.OffsetCommitRequestTopic[] {
  const topics = Map.groupBy(offsets, ({ topic }) => topic);
  return [...topics].map(([name, group]) => ({
    name,
    partitions: group.map(({ partition, offset }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: UNKNOWN_EPOCH,
      committedMetadata: null,
    })),
  }));
}
