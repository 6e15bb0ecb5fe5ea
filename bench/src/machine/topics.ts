import { Kafka, logLevel } from 'kafkajs';

export const quietKafka = (brokers: readonly string[], clientId: string): Kafka =>
  new Kafka({ brokers: [...brokers], clientId, logLevel: logLevel.NOTHING });

/** What lies in the topics of one system, known by their prefix. */
export type Topics = {
  /** How many messages were ever written to them. */
  messages(): Promise<number>;
  create(names: readonly string[], partitions: number): Promise<void>;
  /** They and what they hold: a disk is finite. */
  remove(): Promise<void>;
};

export async function topicsOf(
  brokers: readonly string[],
  prefix: string,
): Promise<Topics & { close(): Promise<void> }> {
  const admin = quietKafka(brokers, 'bench').admin();
  await admin.connect();
  const names = async () => (await admin.listTopics()).filter((name) => name.startsWith(prefix));
  return {
    messages: async () => {
      const ends = await Promise.all((await names()).map((name) => admin.fetchTopicOffsets(name)));
      return ends.flat().reduce((sum, { high }) => sum + Number(high), 0);
    },
    create: async (topics, partitions) => {
      await admin.createTopics({
        waitForLeaders: true,
        topics: topics.map((name) => ({ topic: prefix + name, numPartitions: partitions, replicationFactor: 1 })),
      });
    },
    remove: async () => {
      const topics = await names();
      if (topics.length > 0) await admin.deleteTopics({ topics });
    },
    close: () => admin.disconnect(),
  };
}
