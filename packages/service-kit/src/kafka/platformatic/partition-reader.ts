import {
  type ClusterMetadata,
  Consumer,
  type fetchV17,
  findErrorBy,
  type GroupAssignment,
  ListOffsetTimestamps,
  type RecordsBatch,
} from '@platformatic/kafka';
import { MAX_BYTES, MAX_BYTES_PER_PARTITION, MAX_WAIT_MS, MIN_BYTES } from '../group-settings.ts';
import type { KafkaClientOptions } from '../kafka-client.ts';
import { connectionSettings, hearingEveryError } from './connection-settings.ts';
import type { GroupMemberOptions } from './group-member.ts';

/** Where one partition is read on. */
export type Position = { topic: string; partition: number; next: bigint };

/** What a fetch brought of one partition. */
export type Arrival<Place extends Position> = { position: Place; batches: readonly RecordsBatch[] };

export type PartitionReader = {
  /** Where the group stands. */
  positions(assignments: readonly GroupAssignment[]): Promise<Position[]>;
  /** Which broker node leads which of them, asked anew. */
  byLeader<Place extends Position>(positions: readonly Place[]): Promise<Map<number, Place[]>>;
  /** Waits a while for something to arrive. Positions that are not kept any more are moved to what is left. */
  fetch<Place extends Position>(node: number, positions: readonly Place[]): Promise<Arrival<Place>[]>;
  close(): Promise<void>;
};

const UNKNOWN_EPOCH = -1;
/** Nothing was committed yet; where the beginning has been deleted, the first fetch finds what is left. */
const BEGINNING = 0n;
const OUT_OF_RANGE = 'OFFSET_OUT_OF_RANGE';

/** Fetches what it is told, aside from the group's own connections. It repeats nothing by itself. */
export function partitionReader(options: KafkaClientOptions, { group, topics }: GroupMemberOptions): PartitionReader {
  const consumer = hearingEveryError(new Consumer({ ...connectionSettings(options), groupId: group }));
  consumer.topics.trackAll(...topics);

  const metadata = (forceUpdate: boolean): Promise<ClusterMetadata> =>
    consumer.metadata({ topics: [...topics], forceUpdate });

  async function fetched(node: number, positions: readonly Position[]): Promise<fetchV17.FetchResponse> {
    const known = (await metadata(false)).topics;
    const byTopic = Map.groupBy(positions, ({ topic }) => topic);
    return consumer.fetch({
      node,
      minBytes: MIN_BYTES,
      maxBytes: MAX_BYTES,
      maxWaitTime: MAX_WAIT_MS,
      topics: [...byTopic].map(([topic, ofTopic]) => ({
        topicId: known.get(topic)?.id ?? topic,
        partitions: ofTopic.map(({ partition, next }) => ({
          partition,
          fetchOffset: next,
          partitionMaxBytes: MAX_BYTES_PER_PARTITION,
          currentLeaderEpoch: UNKNOWN_EPOCH,
          lastFetchedEpoch: UNKNOWN_EPOCH,
        })),
      })),
    });
  }

  /** All of them are looked at, whichever the broker named. Resolves with whether there was one to be moved. */
  async function moveToWhatIsLeft(positions: readonly Position[]): Promise<boolean> {
    const ofTopics = [...new Set(positions.map(({ topic }) => topic))];
    const [earliest, latest] = await Promise.all([
      consumer.listOffsets({ topics: ofTopics, timestamp: ListOffsetTimestamps.EARLIEST }),
      consumer.listOffsets({ topics: ofTopics, timestamp: ListOffsetTimestamps.LATEST }),
    ]);
    let moved = false;
    for (const position of positions) {
      const first = earliest.get(position.topic)?.[position.partition] ?? BEGINNING;
      const end = latest.get(position.topic)?.[position.partition] ?? first;
      if (position.next >= first && position.next <= end) continue;
      position.next = first;
      moved = true;
    }
    return moved;
  }

  return {
    positions: async (assignments) => {
      const committed = await consumer.listCommittedOffsets({ topics: [...assignments] });
      return assignments.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => {
          const next = committed.get(topic)?.[partition] ?? BEGINNING;
          return { topic, partition, next: next < BEGINNING ? BEGINNING : next };
        }),
      );
    },
    byLeader: async (positions) => {
      const known = (await metadata(true)).topics;
      return Map.groupBy(positions, ({ topic, partition }) => {
        const leader = known.get(topic)?.partitions[partition]?.leader;
        if (leader === undefined) throw new Error(`nobody leads ${topic}/${partition}`);
        return leader;
      });
    },
    fetch: async (node, positions) => {
      try {
        const { responses } = await fetched(node, positions);
        return arrivals(responses, positions, (await metadata(false)).topics);
      } catch (error) {
        const isOutOfRange = error instanceof Error && findErrorBy(error, 'apiId', OUT_OF_RANGE);
        if (isOutOfRange && (await moveToWhatIsLeft(positions))) return [];
        throw error;
      }
    },
    close: () => consumer.close(),
  };
}

function arrivals<Place extends Position>(
  responses: fetchV17.FetchResponse['responses'],
  positions: readonly Place[],
  known: ClusterMetadata['topics'],
): Arrival<Place>[] {
  const places = new Map(
    positions.map((position) => [placeOf(known.get(position.topic)?.id ?? '', position.partition), position]),
  );
  return responses.flatMap(({ topicId, partitions }) =>
    partitions.flatMap(({ partitionIndex, records }) => {
      const position = places.get(placeOf(topicId, partitionIndex));
      return position && records && records.length > 0 ? [{ position, batches: records }] : [];
    }),
  );
}

const placeOf = (topicId: string, partition: number): string => `${topicId}/${partition}`;
