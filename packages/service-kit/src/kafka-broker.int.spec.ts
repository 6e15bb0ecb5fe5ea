import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type net from 'node:net';
import { Admin } from '@platformatic/kafka';
import { testTopicPrefix } from '@saga/testkit/test-topic-prefix';
import { Kafka, logLevel, Partitioners } from 'kafkajs';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Broker } from './broker.ts';
import { brokerContract } from './broker-contract.ts';
import { Unavailable } from './faults.ts';
import { kafkajsClient } from './kafka/kafkajs/kafkajs-client.ts';
import { platformaticClient } from './kafka/platformatic/platformatic-client.ts';
import { kafkaBroker } from './kafka-broker.ts';
import { messageRecorder } from './message-recorder.ts';

const PARTITIONS = 4;
const SILENT = pino({ level: 'silent' });

const clients = { kafkajs: kafkajsClient, platformatic: platformaticClient };
type Client = keyof typeof clients;

const brokerThrough =
  (client: Client) =>
  (topicPrefix: string, brokers: readonly string[] = inject('kafkaBrokers')): Broker =>
    kafkaBroker({
      brokers,
      clientId: 'test',
      topicPrefix,
      partitions: PARTITIONS,
      ssl: false,
      logger: SILENT,
      connectClient: clients[client],
    });

const plainClient = (): Kafka => new Kafka({ brokers: inject('kafkaBrokers'), logLevel: logLevel.NOTHING });

describe.each(Object.keys(clients) as Client[])('through %s', (client) => {
  const connect = brokerThrough(client);

  brokerContract('Kafka', async () => {
    const topicPrefix = testTopicPrefix();
    const outsider = plainClient().producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await outsider.connect();
    return {
      connect: () => connect(topicPrefix),
      partitions: PARTITIONS,
      publishRaw: async (topic, record) => {
        await outsider.send({ topic: topicPrefix + topic, messages: [record] });
      },
      close: () => outsider.disconnect(),
    };
  });

  describe('the broker on Kafka', () => {
    const topicPrefix = testTopicPrefix();
    const message = (topic: string, value: string) => ({ topic, key: 'a', headers: {}, value });
    let broker: Broker;

    beforeAll(() => {
      broker = connect(topicPrefix);
    });
    afterAll(() => broker.close());

    test('a consumer whose client gave up comes back: here its topic did not exist at first', async () => {
      const inbox = messageRecorder();
      await broker.consume({ group: 'early', topics: ['late'], maxBatch: 10 }, inbox.handle);
      await expect(broker.publish([message('late', 'x')])).rejects.toThrow();
      await broker.createTopics([{ name: 'late', compacted: false }]);
      await broker.publish([message('late', 'here')]);
      await inbox.until(() => inbox.received.length > 0);
      expect(inbox.values()).toEqual(['here']);
    });

    test('where what the group would read next has been deleted, it reads on from what is left', async () => {
      await broker.createTopics([{ name: 'cut', compacted: false }]);
      const numbers = Array.from({ length: 10 }, (_, number) => message('cut', String(number)));
      await broker.publish(numbers.slice(0, 3));
      const before = messageRecorder();
      const consumer = await broker.consume({ group: 'cut', topics: ['cut'], maxBatch: 10 }, before.handle);
      await before.until(() => before.received.length === 3);
      await consumer.stop();
      await broker.publish(numbers.slice(3));
      await deleteBefore(`${topicPrefix}cut`, before.received[0]?.partition ?? 0, '7');
      expect(await broker.lag('cut', ['cut'])).toBe(3);
      const after = messageRecorder();
      await broker.consume({ group: 'cut', topics: ['cut'], maxBatch: 10 }, after.handle);
      await after.until(() => after.received.length === 3);
      expect(after.values()).toEqual(['7', '8', '9']);
    });

    test('a member that the coordinator has forgotten joins again', async () => {
      await broker.createTopics([{ name: 'forgotten', compacted: false }]);
      const inbox = messageRecorder();
      await broker.consume({ group: 'forgotten', topics: ['forgotten'], maxBatch: 10 }, inbox.handle);
      await broker.publish([message('forgotten', 'before')]);
      await inbox.until(() => inbox.received.length > 0);
      await forgetMembers(`${topicPrefix}forgotten`);
      await broker.publish([message('forgotten', 'after')]);
      await inbox.until(() => inbox.values().includes('after'));
      // Only members commit.
      while ((await broker.lag('forgotten', ['forgotten'])) > 0);
    });

    test('when all connections are cut in the middle of a batch, it goes on: in order, and committed to the end', async () => {
      await broker.createTopics([{ name: 'torn', compacted: false }]);
      const sockets = clientSockets();
      const torn = connect(topicPrefix);
      const begun = Promise.withResolvers<void>();
      const goesOn = Promise.withResolvers<void>();
      const inbox = messageRecorder();
      await torn.consume({ group: 'torn', topics: ['torn'], maxBatch: 10 }, async (batch) => {
        begun.resolve();
        await goesOn.promise;
        return inbox.handle(batch);
      });
      const numbers = Array.from({ length: 40 }, (_, number) => String(number));
      await torn.publish(numbers.slice(0, 20).map((number) => message('torn', number)));
      await begun.promise;
      sockets.cut();
      goesOn.resolve();
      await inbox.until(() => inbox.values().includes('19'));
      sockets.cut();
      await publishUntilTaken(
        torn,
        numbers.slice(20).map((number) => message('torn', number)),
      );
      await inbox.until(() => inbox.values().includes('39'));
      // At least once: what was handled and not yet committed may come again, and so may what was not acknowledged.
      expect([...new Set(inbox.values())]).toEqual(numbers);
      while ((await broker.lag('torn', ['torn'])) > 0);
      sockets.stop();
      await torn.close();
    });

    test('a message that no broker would take is refused alone, not with what shares its send', async () => {
      await broker.createTopics([{ name: 'large', compacted: false }]);
      const [large, small] = await Promise.allSettled([
        broker.publish([message('large', 'x'.repeat(2_000_000))]),
        broker.publish([message('large', 'small')]),
      ]);
      expect(large.status).toBe('rejected');
      expect(small.status).toBe('fulfilled');
    });

    test('so is one that is within our bounds, but not within those of the topic: it will never be taken', async () => {
      await broker.createTopics([{ name: 'wide', compacted: false }]);
      await createNarrow(`${topicPrefix}narrow`);
      const published = await Promise.allSettled([
        broker.publish([message('wide', 'a')]),
        broker.publish([message('narrow', 'x'.repeat(10_000))]),
        broker.publish([message('narrow', 'b')]),
        broker.publish([message('wide', 'c')]),
      ]);
      expect(published.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
      expect(published[1]).toMatchObject({ reason: expect.any(RangeError) });
    });

    test('while no broker can be reached, publishing, checking and reading reject, and consuming waits and can be stopped', async () => {
      const nowhere = connect(topicPrefix, ['127.0.0.1:1']);
      const consumer = await nowhere.consume({ group: 'g', topics: ['t'], maxBatch: 10 }, async () => []);
      await expect(nowhere.check()).rejects.toThrow('Kafka cannot be reached at 127.0.0.1:1');
      await expect(nowhere.publish([message('t', 'x')])).rejects.toThrow();
      await expect(nowhere.read({ topic: 't', partition: 0, offset: '0' })).rejects.toThrow(Unavailable);
      await consumer.stop();
      await nowhere.close();
    });
  });
});

describe('members of one group through different clients', () => {
  const group = { group: 'mixed', topics: ['mixed'], maxBatch: 10 };
  const keys = Array.from({ length: 40 }, (_, number) => `saga-${number}`);

  /** As in a rolling deployment that changes KAFKA_CLIENT; whoever came first leads the group, and shares out. */
  test.each<[Client, Client]>([
    ['kafkajs', 'platformatic'],
    ['platformatic', 'kafkajs'],
  ])('%s and %s share its partitions, and the second goes on where the first stops', async (before, after) => {
    const topicPrefix = testTopicPrefix();
    const first = brokerThrough(before)(topicPrefix);
    const second = brokerThrough(after)(topicPrefix);
    await first.createTopics([{ name: 'mixed', compacted: false }]);
    const old = messageRecorder();
    const replaced = await first.consume(group, old.handle);
    const publish = (value: string) => first.publish(keys.map((key) => ({ topic: 'mixed', key, headers: {}, value })));
    await publish('alone');
    await old.until(() => old.received.length >= keys.length);

    const young = messageRecorder();
    await second.consume(group, young.handle);
    for (let round = 0; young.received.length === 0; round += 1) {
      await publish(`shared ${round}`);
      const seen = () => [...old.values(), ...young.values()].filter((value) => value === `shared ${round}`);
      await Promise.race([old, young].map((inbox) => inbox.until(() => seen().length >= keys.length)));
    }
    await replaced.stop();
    await publish('handed over');
    await young.until(() => young.values().filter((value) => value === 'handed over').length >= keys.length);
    expect(old.values()).not.toContain('handed over');
    await Promise.all([first.close(), second.close()]);
  });
});

/** The connections that this process makes from now on. */
function clientSockets() {
  const sockets = new Set<net.Socket>();
  const keep = (event: unknown): void => {
    sockets.add((event as { socket: net.Socket }).socket);
  };
  subscribe('net.client.socket', keep);
  return {
    cut: () => {
      for (const socket of sockets) socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      sockets.clear();
    },
    stop: () => unsubscribe('net.client.socket', keep),
  };
}

async function publishUntilTaken(broker: Broker, messages: Parameters<Broker['publish']>[0]): Promise<void> {
  for (;;) {
    try {
      return await broker.publish(messages);
    } catch {
      // As whoever publishes does: again, all of it.
    }
  }
}

/** As an administrator may have set it: a topic whose records are smaller than ours may be. */
async function createNarrow(topic: string): Promise<void> {
  const admin = plainClient().admin();
  await admin.connect();
  const configEntries = [{ name: 'max.message.bytes', value: '2000' }];
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS, configEntries }], waitForLeaders: true });
  await admin.disconnect();
}

/** As when a session ends because its process stood still for too long. */
async function forgetMembers(groupId: string): Promise<void> {
  const admin = new Admin({ clientId: 'outsider', bootstrapBrokers: inject('kafkaBrokers') });
  await admin.removeMembersFromConsumerGroup({ groupId, members: null });
  await admin.close();
}

async function deleteBefore(topic: string, partition: number, offset: string): Promise<void> {
  const admin = plainClient().admin();
  await admin.connect();
  await admin.fetchTopicOffsets(topic); // kafkajs asks nobody which broker leads the partition
  await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset }] });
  await admin.disconnect();
}
