import { randomUUID } from 'node:crypto';
import { withConnection } from '@saga/tools/database-connection';
import { serviceNames } from '@saga/tools/service-name';
import { quietKafka } from '../machine/topics.ts';
import { orderAt } from '../orders.ts';
import type { Session } from '../session.ts';
import { type OurSystem, startOurs } from '../systems/ours.ts';
import type { FloorMessage } from './transport.ts';

/** What one order of ours sends and writes: the floor sends and writes the same, without knowing what it says. */
export type OrderSample = {
  orderId: string;
  /** By topic. */
  messages: Readonly<Record<string, FloorMessage>>;
  sagaState: string;
  /** By the message's type. */
  journal: Readonly<Record<string, { seq: number; incoming: string; effect: string; sent: string }>>;
  /** The longest answer in each service's inbox. */
  replies: Readonly<Record<string, string>>;
};

/** Has one order run through this very version, and looks at what it left. */
export async function sampleOrder(session: Session): Promise<OrderSample> {
  await using ours = await startOurs(session);
  await ours.run(orderAt(0));
  const orderId = await onlySaga(ours);
  const messages = await messagesOf(ours, orderId);
  return { orderId, messages, ...(await rowsOf(ours, orderId)) };
}

const ENDED = `SELECT id, ended_at FROM orchestrator.saga`;

/** The end is told before the orchestrator has read of it. */
async function onlySaga(ours: OurSystem): Promise<string> {
  return withConnection(ours.databaseUrl, async (client) => {
    for (;;) {
      const { rows } = await client.query<{ id: string; ended_at: Date | null }>(ENDED);
      const [saga] = rows;
      if (saga?.ended_at) return saga.id;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
}

async function messagesOf(ours: OurSystem, orderId: string): Promise<Record<string, FloorMessage>> {
  const consumer = quietKafka(ours.kafkaBrokers, 'bench').consumer({ groupId: `bench-${randomUUID()}` });
  const found = new Map<string, FloorMessage>();
  const all = Promise.withResolvers<void>();
  const expected = await ours.messages();
  let seen = 0;
  await consumer.connect();
  await consumer.subscribe({ topics: [new RegExp(`^${ours.topicPrefix}`)], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, message: { key, headers = {}, value } }) => {
      const name = topic.slice(ours.topicPrefix.length);
      const texts = Object.entries(headers).map(([header, text]) => [header, String(text)] as const);
      if (String(key) === orderId)
        found.set(name, { topic: name, key: orderId, headers: Object.fromEntries(texts), value: String(value) });
      seen += 1;
      if (seen === expected) all.resolve();
    },
  });
  await all.promise;
  await consumer.disconnect();
  return Object.fromEntries(found);
}

const SAGA = `SELECT state::text FROM orchestrator.saga WHERE id = $1`;
const JOURNAL = `
  SELECT message_type AS type, seq, incoming::text, effect::text, sent::text FROM orchestrator.journal
  WHERE saga_id = $1 ORDER BY seq`;
const LONGEST_REPLY = (service: string) =>
  `SELECT coalesce(replies, 'null')::text AS replies FROM "${service}".inbox ORDER BY length(replies::text) DESC NULLS LAST LIMIT 1`;

async function rowsOf(
  ours: OurSystem,
  orderId: string,
): Promise<Pick<OrderSample, 'sagaState' | 'journal' | 'replies'>> {
  return withConnection(ours.databaseUrl, async (client) => {
    const { rows: sagas } = await client.query<{ state: string }>(SAGA, [orderId]);
    const { rows: journal } = await client.query(JOURNAL, [orderId]);
    const replies: Record<string, string> = {};
    for (const service of serviceNames.filter((name) => name !== 'orchestrator')) {
      const { rows } = await client.query<{ replies: string }>(LONGEST_REPLY(service));
      replies[service] = rows[0]?.replies ?? '[]';
    }
    return {
      sagaState: sagas[0]?.state ?? '{}',
      journal: Object.fromEntries(journal.map(({ type, ...row }) => [type, row])),
      replies,
    };
  });
}
