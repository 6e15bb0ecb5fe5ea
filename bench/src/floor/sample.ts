import { randomUUID } from 'node:crypto';
import { within } from '@saga/service-kit/within';
import { withConnection } from '@saga/tools/database-connection';
import { serviceNames } from '@saga/tools/service-name';
import { quietKafka } from '../machine/topics.ts';
import { orderAt } from '../orders.ts';
import type { Session } from '../session.ts';
import { type OurSystem, startOurs } from '../systems/ours.ts';
import { until } from '../until.ts';
import type { FloorMessage } from './transport.ts';

const LONGEST_WAIT_MS = 120_000;

/** What one order of ours sends and writes: the floor sends and writes the same, without knowing what it says. */
export type OrderSample = {
  orderId: string;
  /** By topic. */
  messages: Readonly<Record<string, FloorMessage>>;
  /** By the message's type; `state` is the saga's after it. */
  journal: Readonly<Record<string, { seq: number; incoming: string; effect: string; sent: string; state: string }>>;
  /** The longest answer in each service's inbox. */
  replies: Readonly<Record<string, string>>;
};

/** Has one order run through this very version, and looks at what it left. */
export async function sampleOrder(session: Session): Promise<OrderSample> {
  await using ours = await startOurs(session);
  await withConnection(ours.databaseUrl, (client) => client.query(KEEP_STATES));
  await ours.run(orderAt(0));
  const orderId = await onlySaga(ours);
  const messages = await messagesOf(ours, orderId);
  return { orderId, messages, ...(await rowsOf(ours, orderId)) };
}

/** The saga's row as it is written, version by version: it grows. */
const KEEP_STATES = `
  CREATE TABLE public.saga_state (version int, state json);
  CREATE FUNCTION public.keep_state() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN INSERT INTO public.saga_state VALUES (NEW.version, NEW.state); RETURN NULL; END';
  CREATE TRIGGER keep_state AFTER INSERT OR UPDATE OF state ON orchestrator.saga
    FOR EACH ROW EXECUTE FUNCTION public.keep_state()`;

const ENDED = `SELECT id FROM orchestrator.saga WHERE ended_at IS NOT NULL`;

/** The end is told before the orchestrator has read of it. */
async function onlySaga(ours: OurSystem): Promise<string> {
  return withConnection(ours.databaseUrl, (client) =>
    until('the end of the sampled order', LONGEST_WAIT_MS, async () => {
      const { rows } = await client.query<{ id: string }>(ENDED);
      return rows[0]?.id;
    }),
  );
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
  await within(LONGEST_WAIT_MS, 'the messages of the sampled order', all.promise);
  await consumer.disconnect();
  return Object.fromEntries(found);
}

/** Two messages of one batch are one version, that of the later one. */
const JOURNAL = `
  SELECT message_type AS type, seq, incoming::text, effect::text, sent::text,
         (SELECT state::text FROM public.saga_state WHERE version >= seq ORDER BY version LIMIT 1) AS state
  FROM orchestrator.journal WHERE saga_id = $1 ORDER BY seq`;
const LONGEST_REPLY = (service: string) =>
  `SELECT coalesce(replies, 'null')::text AS replies FROM "${service}".inbox ORDER BY length(replies::text) DESC NULLS LAST LIMIT 1`;

async function rowsOf(ours: OurSystem, orderId: string): Promise<Pick<OrderSample, 'journal' | 'replies'>> {
  return withConnection(ours.databaseUrl, async (client) => {
    const { rows: journal } = await client.query(JOURNAL, [orderId]);
    const replies: Record<string, string> = {};
    for (const service of serviceNames.filter((name) => name !== 'orchestrator')) {
      const { rows } = await client.query<{ replies: string }>(LONGEST_REPLY(service));
      replies[service] = rows[0]?.replies ?? '[]';
    }
    return { journal: Object.fromEntries(journal.map(({ type, ...row }) => [type, row])), replies };
  });
}
