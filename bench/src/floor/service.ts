import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newOrderId } from '@saga/messages/ids';
import { kafkajsClient } from '@saga/service-kit/kafka/kafkajs/kafkajs-client';
import { naturalBatch } from '@saga/service-kit/natural-batch';
import pg from 'pg';
import { adapterTransport } from './adapter-transport.ts';
import { hopsOf, PLACED, type Role } from './hops.ts';
import { kafkajsTransport } from './kafkajs-transport.ts';
import { PLACE, placeValues, rowsOf, UNPOST } from './rows.ts';
import type { OrderSample } from './sample.ts';
import { type Arrived, type FloorMessage, MAX_BATCH, type Transport, type TransportOptions } from './transport.ts';

/** What the program that measures hands over, as JSON in the variable FLOOR. */
export type FloorSettings = TransportOptions & {
  role: Role;
  client: 'kafkajs' | 'adapter' | 'adapter-platformatic' | 'platformatic';
  /** Without them only messages are sent. */
  rows: boolean;
  databaseUrl: string;
  sampleFile: string;
};

/** As ours: the orchestrator handles so many batches at a time. */
const LANES = 4;
const POOL_SIZE = LANES;
const UNPOST_EVERY_MS = 200;

const settings = JSON.parse(process.env.FLOOR ?? '') as FloorSettings;
const sample = JSON.parse(readFileSync(settings.sampleFile, 'utf8')) as OrderSample;
const pool = new pg.Pool({
  connectionString: settings.databaseUrl,
  max: POOL_SIZE,
  pipeline: true,
});
const transport = await openTransport();
const hops = hopsOf[settings.role];
const rows = rowsOf(settings.role, sample);
const published: string[] = [];
const freeLanes = Array.from({ length: LANES }, (_, lane) => lane);

const lanes = settings.role === 'orchestrator' ? LANES : 1;
await transport.consume({ group: settings.role, topics: Object.keys(hops), lanes }, handle);
process.once('disconnect', () => void transport.close().finally(() => process.exit()));
process.send?.(settings.role === 'order' ? await listen() : {});

async function openTransport(): Promise<Transport> {
  if (settings.client === 'kafkajs') return kafkajsTransport(settings);
  if (settings.client === 'adapter') return adapterTransport(settings, kafkajsClient);
  if (settings.client === 'adapter-platformatic') {
    const { platformaticClient } = await import('@saga/service-kit/kafka/platformatic/platformatic-client');
    return adapterTransport(settings, platformaticClient);
  }
  const program = new URL('../../peers/src/platformatic-transport.ts', import.meta.url).href;
  return (await import(program)).platformaticTransport(settings);
}

/** One transaction, one round trip, then the messages that these cause. */
async function handle(batch: readonly Arrived[]): Promise<void> {
  const byTopic = Map.groupBy(batch, ({ topic }) => topic);
  if (settings.rows) await write(byTopic);
  await transport.publish(batch.flatMap(({ topic, key }) => (hops[topic] ?? []).map((next) => messageOf(next, key))));
}

async function write(byTopic: ReadonlyMap<string, readonly Arrived[]>): Promise<void> {
  const client = await pool.connect();
  const lane = freeLanes.pop() ?? 0;
  try {
    const sent = [client.query('BEGIN')];
    for (const [topic, arrived] of byTopic) {
      const statement = rows[topic]?.(
        arrived.map(({ key }) => key),
        lane,
      );
      if (statement) sent.push(client.query(statement));
    }
    sent.push(client.query('COMMIT'));
    await Promise.all(sent);
  } finally {
    freeLanes.push(lane);
    client.release();
  }
}

function messageOf(topic: string, key: string): FloorMessage {
  const message = sample.messages[topic];
  if (!message) throw new Error(`the sample has no ${topic}`);
  return { ...message, key };
}

/** Takes orders in: rows first, then the message, as many of both at once as there are. */
async function listen(): Promise<{ url: string }> {
  const placing = naturalBatch<string, void>({ maxBatch: MAX_BATCH, work: place });
  setInterval(unpost, UNPOST_EVERY_MS);
  const server = createServer((request, response) => {
    request.resume().once('end', async () => {
      const orderId = newOrderId();
      await placing.submit(orderId);
      response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ orderId }));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function place(orderIds: readonly string[]): Promise<readonly undefined[]> {
  const messages = orderIds.map((orderId) => messageOf(PLACED, orderId));
  const outbox = settings.rows
    ? await pool.query<{ id: string }>({ name: 'place', text: PLACE, values: placeValues(sample, orderIds) })
    : undefined;
  const ids = outbox?.rows.map(({ id }) => id) ?? [];
  void transport.publish(messages).then(() => published.push(...ids));
  return orderIds.map(() => undefined);
}

/** As often as ours deletes what its outbox has published. */
async function unpost(): Promise<void> {
  if (published.length > 0) await pool.query({ name: 'unpost', text: UNPOST, values: [published.splice(0)] });
}
