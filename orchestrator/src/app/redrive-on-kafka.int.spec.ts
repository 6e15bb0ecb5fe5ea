import { encode } from '@saga/messages/codec';
import { kafkaBroker } from '@saga/service-kit/kafka-broker';
import { startService } from '@saga/service-kit/start-service';
import { testDatabase } from '@saga/testkit/test-database';
import { testTopicPrefix } from '@saga/testkit/test-topic-prefix';
import pino from 'pino';
import { expect, inject, test } from 'vitest';
import { orchestratorService } from '../app.ts';
import type { deadLetterView } from './dead-letter-view.ts';
import { orderCreated } from './saga-messages.fixture.ts';

const PARTITIONS = 4;
const PATIENCE = { timeout: 120_000, interval: 100 };
const logger = pino({ level: 'silent' });

type Listed = { items: ReturnType<typeof deadLetterView>[] };

test.each([
  ['a header that is no text', Buffer.from('not JSON')],
  ['a value that is too large to be kept', Buffer.alloc(600 * 1_024, 'ü')],
])('a redrive publishes %s byte by byte as it was', async (_what, value) => {
  const topicPrefix = testTopicPrefix();
  const env = {
    DATABASE_URL: await testDatabase('orchestrator'),
    KAFKA_BROKERS: inject('kafkaBrokers').join(','),
    TOPIC_PREFIX: topicPrefix,
    PARTITIONS: String(PARTITIONS),
    PORT: '0',
  };
  const kafka = { clientId: 'outsider', topicPrefix, partitions: PARTITIONS, ssl: false, logger };
  await using opened = new AsyncDisposableStack();
  const service = await startService(orchestratorService, { env, logger });
  opened.defer(() => service.stop());
  await service.started;
  const broker = kafkaBroker({ ...kafka, brokers: inject('kafkaBrokers') });
  opened.defer(() => broker.close());
  const letters = async (): Promise<Listed['items']> =>
    (await service.app.inject('/dead-letters')).json<Listed>().items.toReversed();

  const { topic, key, headers } = encode(orderCreated());
  const original = { topic, key, headers: { ...headers, 'x-foreign': Buffer.from([0xff, 0x00, 0x80]) }, value };
  await broker.publish([original]);
  await expect.poll(letters, PATIENCE).toHaveLength(1);
  const [first] = await letters();
  const answer = await service.app.inject({
    method: 'POST',
    url: `${first?.links.self}/redrive`,
    payload: { reason: 'its reader can read it now' },
  });
  expect(answer.statusCode).toBe(200);
  await expect.poll(letters, PATIENCE).toHaveLength(2);

  for (const letter of await letters())
    expect(await broker.read(letter)).toEqual({
      key: Buffer.from(key),
      headers: Object.fromEntries(Object.entries(original.headers).map(([name, text]) => [name, Buffer.from(text)])),
      value,
    });
});
