import { randomUUID } from 'node:crypto';
import { type Admin, AssignerProtocol, type Kafka, type KafkaMessage, type PartitionAssigner } from 'kafkajs';
import type { Place, StoredRecord } from '../../broker.ts';
import { Unavailable } from '../../faults.ts';
import { within } from '../../within.ts';
import type { LazyConnection } from '../lazy-connection.ts';
import { RETRY } from './client.ts';
import { lastOf } from './received-message.ts';

export type ReadRecordOptions = { createClient: () => Kafka; administration: LazyConnection<Admin> };

/** Joining a group and fetching once; a client waits for it. */
const LIMIT_MS = 20_000;
const MAX_WAIT_MS = 500;

/**
 * {@link Broker.read} on Kafka; the topic is named with its prefix. kafkajs reads in groups only: this is one of its own
 * that is given the one partition, commits nothing and is gone afterwards.
 *
 * @throws Unavailable when Kafka does not hand it over in time.
 */
export async function readRecord(
  { createClient, administration }: ReadRecordOptions,
  place: Place,
  groupPrefix: string,
): Promise<StoredRecord | undefined> {
  const isKept = await inTime(place, isKeptAt(administration, place));
  if (!isKept) return undefined;
  const record = await fetchRecord(createClient(), place, `${groupPrefix}-reads-${randomUUID()}`);
  // What was compacted away has a gap in its place: the next record comes.
  return record.offset === place.offset ? storedRecord(record) : undefined;
}

async function isKeptAt(administration: LazyConnection<Admin>, { topic, partition, offset }: Place): Promise<boolean> {
  const ends = await administration.use((admin) => admin.fetchTopicOffsets(topic));
  const end = ends.find((each) => each.partition === partition);
  return end !== undefined && BigInt(offset) >= BigInt(end.low) && BigInt(offset) < BigInt(end.high);
}

/** @throws Unavailable when it fails or takes too long. */
async function inTime<Result>({ topic, partition, offset }: Place, work: Promise<Result>): Promise<Result> {
  try {
    return await within(LIMIT_MS, `reading ${topic}/${partition} at ${offset}`, work);
  } catch (error) {
    throw new Unavailable('Kafka did not hand over the message', { cause: error });
  }
}

/** The first record from that offset on. */
async function fetchRecord(client: Kafka, place: Place, groupId: string): Promise<KafkaMessage> {
  const { topic, partition, offset } = place;
  const consumer = client.consumer({
    groupId,
    partitionAssigners: [only(place)],
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: MAX_WAIT_MS,
    retry: { ...RETRY, restartOnFailure: async () => false },
  });
  const found = Promise.withResolvers<KafkaMessage>();
  consumer.on(consumer.events.CRASH, ({ payload: { error } }) => found.reject(error));
  const read = async (): Promise<KafkaMessage> => {
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        const record = batch.messages.find((message) => BigInt(message.offset) >= BigInt(offset));
        if (record) found.resolve(record);
      },
    });
    consumer.seek({ topic, partition, offset });
    return found.promise;
  };
  try {
    return await inTime(place, read());
  } finally {
    await consumer.disconnect();
  }
}

const { MemberMetadata, MemberAssignment } = AssignerProtocol;
const NAME = 'OnePartition';
const VERSION = 0;
const NO_USER_DATA = Buffer.alloc(0);

const only =
  ({ topic, partition }: Place): PartitionAssigner =>
  () => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: MemberMetadata.encode({ version: VERSION, topics, userData: NO_USER_DATA }),
    }),
    assign: async ({ members }) => {
      const assignment = { [topic]: [partition] };
      const memberAssignment = MemberAssignment.encode({ version: VERSION, assignment, userData: NO_USER_DATA });
      return members.map(({ memberId }) => ({ memberId, memberAssignment }));
    },
  });

function storedRecord({ key, headers = {}, value }: KafkaMessage): StoredRecord {
  const bytes: Record<string, Buffer> = {};
  for (const [name, header] of Object.entries(headers)) {
    const last = lastOf(header);
    if (last !== undefined) bytes[name] = Buffer.from(last);
  }
  return { key, headers: bytes, value };
}
