import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { ENDED, floorTopics, type Role, roles } from '../floor/hops.ts';
import type { FloorSettings } from '../floor/service.ts';
import { plannedByIndex } from '../machine/databases.ts';
import { topicsOf } from '../machine/topics.ts';
import { orderAt } from '../orders.ts';
import { profilingEnv } from '../profiling/profiling.ts';
import type { Session } from '../session.ts';
import { startChild } from './child.ts';
import { orderEnds } from './order-ends.ts';
import { orderFront } from './order-front.ts';
import { PARTITIONS } from './ours.ts';
import type { RunningSystem } from './system.ts';
import { watchEnds } from './watch-ends.ts';

export type FloorOptions = Pick<FloorSettings, 'client' | 'rows'>;

const PROGRAM = new URL('../floor/service.ts', import.meta.url);
const CONNECTIONS = 128;
const ACCEPTED = 202;

/** The same processes, messages and rows as ours, and nothing between them: what Kafka and PostgreSQL can do at all. */
export async function startFloor(session: Session, options: FloorOptions): Promise<RunningSystem> {
  const sampleFile = path.join(session.folder, 'sample.json');
  writeFileSync(sampleFile, JSON.stringify(await session.sample()));
  const started = new AsyncDisposableStack();
  try {
    const name = session.newName('floor');
    const topicPrefix = `${name}-`;
    const { kafkaBrokers: brokers } = session.servers;
    const database = started.adopt(await session.database(name), (it) => it.drop());
    const topics = started.adopt(await topicsOf(brokers, topicPrefix), (it) => it.close());
    started.defer(() => topics.remove());
    await topics.create(floorTopics, PARTITIONS);
    const start = async (role: Role) => {
      const settings: FloorSettings = {
        ...options,
        role,
        brokers,
        topicPrefix,
        partitions: PARTITIONS,
        clientId: role,
        databaseUrl: plannedByIndex(database.url),
        sampleFile,
      };
      const log = path.join(session.folder, 'floor.log');
      const env = { FLOOR: JSON.stringify(settings), ...profilingEnv(session, `floor-${role}`) };
      const child = await startChild<{ url: string }>(PROGRAM, env, log);
      started.defer(() => child.stop());
      return { ...child, role };
    };
    const others = await Promise.all(roles.filter((role) => role !== 'order').map(start));
    const order = await start('order');
    const services = Object.fromEntries([order, ...others].map(({ role, pid }) => [role, [pid]]));
    const ends = orderEnds();
    started.defer(await watchEnds(brokers, { [topicPrefix + ENDED]: 'COMPLETED' }, ends));
    const front = started.adopt(orderFront(order.ready.url, CONNECTIONS), (it) => it.close());
    const system: RunningSystem = {
      run: async (placed, onAccepted) => {
        const { status, body } = await front.post('/orders', placed);
        if (status !== ACCEPTED) throw new Error(`the floor answered ${status}: ${body}`);
        onAccepted?.();
        return ends.endOf((JSON.parse(body) as { orderId: string }).orderId);
      },
      pids: () => ({ ...services, kafka: session.servers.pids.kafka }),
      profiled: Object.values(services).flat(),
      databases: [database.name],
      messages: () => topics.messages(),
      [Symbol.asyncDispose]: () => started.disposeAsync(),
    };
    await system.run(orderAt(0)); // now every consumer has its partitions
    return system;
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}
