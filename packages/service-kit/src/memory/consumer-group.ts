import type { ReceivedMessage } from '@saga/messages/codec';
import type { BatchHandler, Consumer, LeftMessage, Subscription } from '../broker.ts';
import { coPartition, type Shares } from '../co-partition.ts';
import { partitionNameOf, staysBehind } from '../left-messages.ts';
import type { PartitionLog, Stored } from './partition-log.ts';

/**
 * Runs it later, never at once. `retry`: a batch was rejected or a message left, so that a real scheduler waits a
 * little; the simulator decides by its seed.
 */
export type Scheduler = (run: () => void, why: 'work' | 'retry') => void;

export type ConsumerGroupOptions = {
  partitions: number;
  logOf: (topic: string, partition: number) => PartitionLog;
  schedule: Scheduler;
  onRejected: (error: unknown) => void;
  /** The group moved on in these partitions. */
  onHandled: (places: readonly Place[]) => void;
};

export type Place = { topic: string; partition: number };

export type ConsumerGroup = {
  join(subscription: Subscription, handle: BatchHandler): Consumer;
  /** Something was appended to one of these topics. */
  arrived(topics: ReadonlySet<string>): void;
  reads(topic: string): boolean;
  /** The offset of the first message that was not handled. */
  position(place: Place): number;
};

type Member = Required<Subscription> & {
  memberId: string;
  handle: BatchHandler;
  /** Partitions where it left a message, until their next turn. */
  held: Set<string>;
  scheduled: boolean;
  /** No further batch is begun. */
  stopping: boolean;
  works: Set<Work>;
};
/** A batch at work, of these partition numbers. */
type Work = { numbers: ReadonlySet<number>; ended: Promise<void> };
type Taken = { message: ReceivedMessage; place: Place; stored: Stored };

/**
 * The members of a group share the partitions of their topics. Each gets a batch at a time for each of its lanes, of what
 * arrived first in its share of the partition numbers; a partition whose messages are at work is given to nobody else until
 * that batch has ended, also across a rebalance.
 */
export function consumerGroup(options: ConsumerGroupOptions): ConsumerGroup {
  const { partitions, logOf, schedule, onRejected, onHandled } = options;
  const numbers = Array.from({ length: partitions }, (_, number) => number);
  const positions = new Map<string, number>();
  const atWork = new Set<string>();
  /** Also of members that have left: a group's position outlives them. */
  const topicsEverRead = new Set<string>();
  let members: readonly Member[] = [];
  let shares: Shares = new Map();
  let joined = 0;

  const position = (place: Place): number => positions.get(partitionNameOf(place)) ?? 0;

  function rebalance(present: readonly Member[]): void {
    members = present;
    shares = coPartition(members, () => numbers);
    for (const member of members) wake(member);
  }

  function wake(member: Member, why: 'work' | 'retry' = 'work'): void {
    if (member.scheduled) return;
    member.scheduled = true;
    schedule(() => {
      member.scheduled = false;
      if (members.includes(member)) begin(member);
    }, why);
  }

  function begin(member: Member): void {
    while (!member.stopping && member.works.size < member.lanes) {
      const batch = take(member);
      if (batch.length === 0) return;
      const numbers = new Set(batch.map(({ place }) => place.partition));
      const work: Work = { numbers, ended: Promise.resolve() };
      member.works.add(work);
      work.ended = handle(member, batch, work);
    }
  }

  function take(member: Member): Taken[] {
    const isTaken = ({ partition }: Place) => [...member.works].some(({ numbers }) => numbers.has(partition));
    const waiting = Object.entries(shares.get(member.memberId) ?? {})
      .flatMap(([topic, assigned]) => assigned.map((partition) => ({ topic, partition })))
      .filter((place) => !atWork.has(partitionNameOf(place)) && !member.held.has(partitionNameOf(place)))
      .filter((place) => !isTaken(place))
      .flatMap((place) =>
        logOf(place.topic, place.partition)
          .read(position(place), member.maxBatch)
          .map((stored) => ({ message: received(place, stored), place, stored })),
      )
      .sort((a, b) => a.stored.sequence - b.stored.sequence);
    const free = [...new Set(waiting.map(({ place }) => place.partition))];
    const share = new Set(free.slice(0, Math.ceil(free.length / (member.lanes - member.works.size))));
    return waiting.filter(({ place }) => share.has(place.partition)).slice(0, member.maxBatch);
  }

  async function handle(member: Member, batch: readonly Taken[], work: Work): Promise<void> {
    const places = [...new Map(batch.map(({ place }) => [partitionNameOf(place), place])).values()];
    for (const place of places) atWork.add(partitionNameOf(place));
    const left = await attempt(member, batch);
    for (const place of places) atWork.delete(partitionNameOf(place));
    member.works.delete(work);
    if (left !== 'rejected') {
      const comesAgain = staysBehind(left);
      for (const { message, place, stored } of batch)
        if (!comesAgain(message)) positions.set(partitionNameOf(place), stored.offset + 1);
      for (const { received } of left) hold(member, partitionNameOf(received));
      onHandled(places);
    }
    // The others too: what was at work may be theirs by now.
    for (const each of members) wake(each, left === 'rejected' ? 'retry' : 'work');
  }

  function hold(member: Member, partition: string): void {
    if (member.held.has(partition)) return;
    member.held.add(partition);
    schedule(() => {
      member.held.delete(partition);
      wake(member);
    }, 'retry');
  }

  async function attempt(member: Member, batch: readonly Taken[]): Promise<readonly LeftMessage[] | 'rejected'> {
    try {
      return await member.handle(batch.map(({ message }) => message));
    } catch (error) {
      onRejected(error);
      return 'rejected';
    }
  }

  return {
    join: ({ lanes = 1, ...subscription }, handle) => {
      joined += 1;
      const memberId = String(joined).padStart(MEMBER_ID_DIGITS, '0');
      const member: Member = {
        ...{ ...subscription, lanes, memberId, handle },
        ...{ held: new Set(), scheduled: false, stopping: false, works: new Set() },
      };
      for (const topic of subscription.topics) topicsEverRead.add(topic);
      rebalance([...members, member]);
      return {
        stop: async () => {
          member.stopping = true;
          await Promise.all([...member.works].map(({ ended }) => ended));
          rebalance(members.filter((each) => each !== member));
        },
      };
    },
    arrived: (topics) => {
      for (const member of members) if (member.topics.some((topic) => topics.has(topic))) wake(member);
    },
    reads: (topic) => topicsEverRead.has(topic),
    position,
  };
}

/** Ids sort in the order of joining. */
const MEMBER_ID_DIGITS = 9;

const received = ({ topic, partition }: Place, { offset, key, headers, value }: Stored): ReceivedMessage => ({
  topic,
  partition,
  offset: String(offset),
  key,
  headers: { ...headers },
  value,
});
