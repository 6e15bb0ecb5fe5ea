import { setTimeout as pause } from 'node:timers/promises';
import { Chance } from '@saga/testkit/simulator/chance';
import { findJava } from '@saga/tools/infrastructure/java';
import { type ServiceName, serviceNames } from '@saga/tools/service-name';
import type { Stack } from '@saga/tools/stack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DeadLetter, expectAllWell } from './all-well.ts';
import { lagOf, subscriptions } from './consumers.ts';
import { count, query } from './database.ts';
import { type Installation, installOn, urlsOf } from './installation.ts';
import { castOf, expectEnds, type PlacedOrder, placeMixed } from './order-mix.ts';
import { type OwnServer, ownKafka, ownPostgres } from './own-servers.ts';
import { poison, publishAgain } from './republish.ts';
import { Shop } from './shop.ts';
import { storedMessages } from './topics.ts';

/**
 * Orders of all kinds at a steady pace, two replicas of every service, and one fault after the other, each followed by
 * enough orders that end. Everything ends as it must; the dead letters are those that were put there.
 */
const LONG = process.env.LONG !== undefined;
const SEED = Number(process.env.SEED ?? 1);
const ORDERS = LONG ? 2_000 : 150;
const PER_SECOND = LONG ? 8 : 6;
const AT_A_TIME = 100;
/** So many orders have to end between two faults. */
const PROGRESS = 10;
/** Longer than a consumer's session, a request to Kafka and a statement may take. */
const FROZEN_MS = 15_000;

const chance = new Chance(SEED);
const say = (line: string) => console.log(`chaos ${new Date().toISOString().slice(11, 23)} ${line}`);

let postgres: Awaited<ReturnType<typeof ownPostgres>>;
let kafka: Awaited<ReturnType<typeof ownKafka>>;
let installation: Installation;
let replicas: readonly Stack[];
let shop: Shop;
const putThere: DeadLetter[] = [];

type Fault = { name: string; strike: () => Promise<void> };

const restarted = (name: string, server: () => OwnServer, signal?: NodeJS.Signals): Fault => ({
  name: `${name} ${signal === undefined ? 'is restarted' : `dies of ${signal} and is started again`}`,
  strike: async () => {
    await server().stop(signal);
    await pause(LONG ? 5_000 : 1_000);
    await server().start();
  },
});
const frozen = (name: string, server: () => OwnServer): Fault => ({
  name: `${name} is frozen for ${FROZEN_MS / 1_000} s`,
  strike: async () => {
    server().freeze();
    await pause(FROZEN_MS);
    server().thaw();
  },
});
const killed = (services: readonly ServiceName[]): Fault => ({
  name: `a replica of each of ${services.join(', ')} is killed`,
  strike: async () => {
    for (const service of services) chance.oneOf(replicas).kill(service, 'SIGKILL');
  },
});
const zombies = (services: readonly ServiceName[]): Fault => ({
  name: `a replica of each of ${services.join(', ')} stands still until others have its work, and goes on`,
  strike: async () => {
    const victims = services.map((service) => ({ service, stack: chance.oneOf(replicas) }));
    for (const { service, stack } of victims) stack.kill(service, 'SIGSTOP');
    await pause(FROZEN_MS);
    for (const { service, stack } of victims) stack.kill(service, 'SIGCONT');
  },
});
const poisoned: Fault = {
  name: 'unreadable messages in every topic',
  strike: async () => void putThere.push(...(await poison(installation, await subscriptions(installation)))),
};
const doubled: Fault = {
  name: 'every message of every topic is published again',
  strike: async () =>
    void putThere.push(...(await publishAgain(installation, await storedMessages(installation), putThere))),
};
const CUT = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE datname = current_database() AND pid <> pg_backend_pid()`;
const cut: Fault = {
  name: 'all connections to PostgreSQL are cut',
  strike: async () => void (await query(installation.databaseUrl, CUT)),
};
const replaced: Fault = {
  name: 'a replica of every service is stopped, a third of each is started, the first comes back and the third goes',
  strike: async () => {
    const [, second] = replicas;
    await second?.stop();
    const third = await installation.addReplicas(serviceNames);
    await second?.start(serviceNames);
    await third.stop();
  },
};
const headless: Fault = {
  name: 'both orchestrators are killed',
  strike: async () => {
    for (const stack of replicas) stack.kill('orchestrator', 'SIGKILL');
  },
};

const SHORT: readonly Fault[] = [
  poisoned,
  zombies(['orchestrator', 'balance']),
  restarted('PostgreSQL', () => postgres),
  restarted('Kafka', () => kafka, 'SIGKILL'),
];
const EVERY_FAULT: readonly Fault[] = [
  ...SHORT,
  doubled,
  cut,
  restarted('PostgreSQL', () => postgres, 'SIGQUIT'),
  frozen('PostgreSQL', () => postgres),
  restarted('Kafka', () => kafka),
  frozen('Kafka', () => kafka),
  killed(['orchestrator', 'order', 'product']),
  killed(['balance', 'coupon', 'delivery', 'platform']),
  zombies(['order', 'product', 'coupon', 'delivery', 'platform']),
  replaced,
  headless,
];

function shuffled(faults: readonly Fault[]): Fault[] {
  const left = [...faults];
  return faults.flatMap(() => left.splice(chance.between(0, left.length - 1), 1));
}

const java = await findJava(process.env);

describe.skipIf('missing' in java)('chaos', () => {
  beforeAll(async () => {
    [postgres, kafka] = await Promise.all([ownPostgres(), ownKafka()]);
    installation = await installOn({ postgresUrl: postgres.url, kafkaBrokers: kafka.brokers });
    const second = await installation.addReplicas(serviceNames);
    replicas = [installation.stack, second];
    shop = new Shop(installation.urls, urlsOf(second));
  });
  afterAll(async () => {
    await installation?.uninstall();
    await Promise.all([postgres?.remove(), kafka?.remove()]);
  });

  test(`${ORDERS} orders or more through every fault: all end as they must`, { timeout: 60 * 60_000 }, async () => {
    const faults = shuffled(LONG ? EVERY_FAULT : SHORT);
    say(`seed ${SEED}: ${faults.map(({ name }) => name).join('; ')}`);
    const load = steadyLoad(await castOf(shop));
    await progress();
    for (const { name, strike } of faults) {
      say(name);
      await Promise.race([strike(), load.broken]);
      await Promise.race([progress(), load.broken]);
    }
    say('no more faults');
    const orders = await load.finish();
    say(`${orders.length} orders were placed`);
    await expectEnds(shop, orders);
    say('all have ended');
    const listening = await subscriptions(installation);
    await shop.until(
      () => lagOf(installation, listening),
      (lag) => lag === 0,
      'everything to be handled',
    );
    await expectAllWell(shop, installation, putThere);
    expect(
      installation.said.filter((line) => line.includes('ended with code')),
      'services that gave up by themselves',
    ).toEqual([]);
  });
});

/** Places orders at a steady pace until it is told to finish, and there were enough; `broken` rejects when one fails. */
function steadyLoad(cast: Awaited<ReturnType<typeof castOf>>) {
  const placing = new Set<Promise<unknown>>();
  const orders: PlacedOrder[] = [];
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  let isWanted = true;

  const placeOne = (index: number): void => {
    const placed: Promise<unknown> = placeMixed(shop, cast, index).then(
      (order) => orders.push(order),
      (error) => failure.reject(error),
    );
    placing.add(placed);
    void placed.finally(() => placing.delete(placed));
  };
  async function run(): Promise<void> {
    for (let index = 0; isWanted || index < ORDERS; index += 1) {
      if (placing.size >= AT_A_TIME) await Promise.race(placing);
      placeOne(index);
      await pause(1_000 / PER_SECOND);
    }
    await Promise.all(placing);
  }
  const running = run();
  return {
    broken: failure.promise,
    finish: async () => {
      isWanted = false;
      await Promise.race([running, failure.promise]);
      return orders;
    },
  };
}

/** Resolves when some more orders have ended than when it was asked. */
async function progress(): Promise<void> {
  const before = await ended();
  await shop.until(ended, (orders) => orders >= before + PROGRESS, 'orders to end after the fault');
}

const ended = (): Promise<number> => count(installation.databaseUrl, `"order".orders WHERE status <> 'PENDING'`);
