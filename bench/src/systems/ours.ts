import { appendFileSync } from 'node:fs';
import type { ServiceName } from '@saga/tools/service-name';
import { serviceNames } from '@saga/tools/service-name';
import { createStack, type Stack } from '@saga/tools/stack';
import type { TemporaryDatabase } from '../machine/databases.ts';
import { topicsOf } from '../machine/topics.ts';
import type { BenchOrder } from '../orders.ts';
import { profilingEnv } from '../profiling/profiling.ts';
import type { Session } from '../session.ts';
import { orderEnds } from './order-ends.ts';
import { orderFront } from './order-front.ts';
import type { RunningSystem } from './system.ts';
import { watchEnds } from './watch-ends.ts';

export type OurSystem = RunningSystem & {
  databaseUrl: string;
  kafkaBrokers: readonly string[];
  topicPrefix: string;
  /** Of the first replica. */
  stack: Stack;
};

export type OurOptions = {
  /** Of every service. */
  replicas?: number;
  /** An empty shop, unless said otherwise; dropped at the end. */
  database?: (name: string) => Promise<TemporaryDatabase>;
  /** Participants that stay silent: they are not started. */
  silent?: readonly ServiceName[];
  /** Which saga the orders run; the default one, unless said otherwise. */
  saga?: string;
  /** What KAFKA_CLIENT says; the default one, unless said otherwise. */
  client?: 'kafkajs' | 'platformatic';
};

export const PARTITIONS = 4;
const CONNECTIONS = 128;
const ACCEPTED = 202;

/** This system: seven processes per replica, on a database and topics of their own. */
export async function startOurs(session: Session, options: OurOptions = {}): Promise<OurSystem> {
  const { replicas = 1, silent = [], saga, client, database: databaseOf = session.database } = options;
  const started = new AsyncDisposableStack();
  try {
    const name = session.newName('ours');
    const topicPrefix = `${name}-`;
    const database = started.adopt(await databaseOf(name), (it) => it.drop());
    const topics = started.adopt(await topicsOf(session.servers.kafkaBrokers, topicPrefix), (it) => it.close());
    started.defer(() => topics.remove());
    const stacks: Stack[] = [];
    for (let replica = 0; replica < replicas; replica += 1) {
      const stack = await createReplica(session, { name, topicPrefix, databaseUrl: database.url, client });
      started.defer(() => stack.stop());
      await stack.start(serviceNames.filter((service) => !silent.includes(service)));
      stacks.push(stack);
    }
    const [stack] = stacks;
    if (!stack) throw new Error('there is no replica');
    const ends = orderEnds();
    const watched = {
      [`${topicPrefix}order-processed`]: 'COMPLETED',
      [`${topicPrefix}order-cancelled`]: 'CANCELLED',
    } as const;
    started.defer(await watchEnds(session.servers.kafkaBrokers, watched, ends));
    const fronts = stacks.map((stack) =>
      started.adopt(orderFront(stack.services.order.url, CONNECTIONS), (it) => it.close()),
    );
    let turn = 0;

    const place = async (order: BenchOrder): Promise<string> => {
      const front = fronts[turn % fronts.length];
      turn += 1;
      if (!front) throw new Error('there is no replica');
      const { status, body } = await front.post('/orders', bodyOf(order, saga));
      if (status !== ACCEPTED) throw new Error(`POST /orders answered ${status}: ${body}`);
      return (JSON.parse(body) as { orderId: string }).orderId;
    };
    return {
      run: async (order, onAccepted) => {
        const orderId = await place(order);
        onAccepted?.();
        return ends.endOf(orderId);
      },
      pids: () => ({ ...pidsByService(stacks), kafka: session.servers.pids.kafka }),
      get profiled() {
        return Object.values(pidsByService(stacks)).flat();
      },
      databases: [database.name],
      messages: () => topics.messages(),
      [Symbol.asyncDispose]: () => started.disposeAsync(),
      databaseUrl: database.url,
      kafkaBrokers: session.servers.kafkaBrokers,
      topicPrefix,
      stack,
    };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}

type Replica = { name: string; topicPrefix: string; databaseUrl: string; client: OurOptions['client'] };

function createReplica(session: Session, { name, topicPrefix, databaseUrl, client }: Replica): Promise<Stack> {
  const log = (line: string) => appendFileSync(`${session.folder}/ours.log`, `${line}\n`);
  return createStack({
    databaseUrl,
    kafkaBrokers: session.servers.kafkaBrokers,
    ports: 'free',
    env: {
      TOPIC_PREFIX: topicPrefix,
      PARTITIONS: String(PARTITIONS),
      LOG_LEVEL: 'warn',
      ...(client && { KAFKA_CLIENT: client }),
      ...profilingEnv(session),
    },
    onLine: (service, line) => log(`${name} ${service} ${line}`),
    say: (line) => log(`${name} ${line}`),
  });
}

const bodyOf = ({ userId, productId, quantity, couponId }: BenchOrder, saga: string | undefined) => ({
  userId,
  items: [{ productId, quantity }],
  couponId,
  saga,
});

const pidsByService = (stacks: readonly Stack[]): Record<string, number[]> =>
  Object.fromEntries(serviceNames.map((name) => [name, stacks.flatMap(({ services }) => services[name].pid ?? [])]));
