import type { ServiceName } from '@saga/tools/service-name';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectAllWell } from './all-well.ts';
import { Crashes, type CrashPoint } from './crashes.ts';
import { type Installation, install } from './installation.ts';
import { type Cast, castOf, expectEnds, type PlacedOrder, placeMany } from './order-mix.ts';
import { Shop } from './shop.ts';

/**
 * SIGKILL at every point between two effects of a service, with orders of all kinds in flight: the process really dies
 * there, is started again, all orders end as they must, and the invariants hold. The short form passes every point
 * once, with several services dying in one round; the long form (LONG=1) kills every service at every point that it
 * has, one at a time.
 */
const WAVE = 40;
/** With less patience than a minute, an order that waits is announced again while the test looks on. */
const ANNOUNCE_AFTER_MS = '3000';

type Crash = { service: ServiceName; point: CrashPoint };

const all: readonly ServiceName[] = ['orchestrator', 'order', 'product', 'balance', 'coupon', 'delivery', 'platform'];
const answering = all.filter((service) => service !== 'platform');
const withOutbox: readonly ServiceName[] = ['orchestrator', 'order', 'product', 'balance', 'coupon'];

const SERVICES: Readonly<Record<CrashPoint, readonly ServiceName[]>> = {
  'fold: before load': all,
  'fold: before commit': all,
  'fold: after commit': all,
  'fold: in the middle of the publish': answering,
  'fold: after publish': answering,
  'fold: after offset commit': all,
  'outbox: after commit': withOutbox,
  'outbox: after publish': ['orchestrator', 'order'], // the others' outboxes hold states alone, which are claimed first
  'relay: claimed': withOutbox,
  'relay: after publish': withOutbox,
  'timer: claimed': ['orchestrator', 'order'],
  'timer: before commit': ['orchestrator', 'order'],
  'timer: after commit': ['orchestrator', 'order'],
  'placement: before commit': ['order'],
  'placement: after commit': ['order'],
  'placement: before the answer': ['order'],
};

const EVERY_CRASH: readonly Crash[] = (Object.keys(SERVICES) as CrashPoint[]).flatMap((point) =>
  SERVICES[point].map((service) => ({ point, service })),
);

/** Each point once, in a service whose turn it is. */
const SHORT: readonly (readonly Crash[])[] = [
  [
    { service: 'orchestrator', point: 'fold: before load' },
    { service: 'product', point: 'fold: before commit' },
    { service: 'balance', point: 'fold: after commit' },
    { service: 'order', point: 'placement: before commit' },
    { service: 'platform', point: 'fold: after offset commit' },
  ],
  [
    { service: 'orchestrator', point: 'fold: in the middle of the publish' },
    { service: 'coupon', point: 'fold: after publish' },
    { service: 'order', point: 'placement: after commit' },
    { service: 'order', point: 'outbox: after publish' },
  ],
  [
    { service: 'orchestrator', point: 'timer: claimed' },
    { service: 'order', point: 'timer: before commit' },
    { service: 'product', point: 'relay: claimed' },
    { service: 'balance', point: 'relay: after publish' },
  ],
  [
    { service: 'orchestrator', point: 'timer: after commit' },
    { service: 'order', point: 'placement: before the answer' },
    { service: 'coupon', point: 'outbox: after commit' },
  ],
];
const ROUNDS = process.env.LONG ? EVERY_CRASH.map((crash) => [crash]) : SHORT;

let crashes: Crashes;
let installation: Installation;
let shop: Shop;
let cast: Cast;

beforeAll(async () => {
  crashes = new Crashes();
  installation = await install({ ...crashes.env, ANNOUNCE_AFTER_MS });
  shop = new Shop(installation.urls);
  cast = await castOf(shop);
});
afterAll(async () => {
  await installation?.uninstall();
  crashes?.remove();
});

/** What the relay finds has to be left by another crash before. */
const isRelays = ({ point }: Crash): boolean => point.startsWith('relay:');
const crashesOf = (crash: Crash): CrashPoint[] =>
  isRelays(crash) ? ['outbox: after commit', crash.point] : [crash.point];

/** No timer is due, and the orchestrator's outbox stays empty, unless a participant keeps it waiting. */
const needsSilence = ({ point, service }: Crash): boolean =>
  point.startsWith('timer:') || (service === 'orchestrator' && /^(outbox|relay):/.test(point));

/** Not the first time, where there are many: then there is something before and something after. */
const passingOf = (point: CrashPoint): number => (/^(fold: before|fold: after c|placement)/.test(point) ? 2 : 1);

/** Where each service of a round is to die, one after the other. */
const pointsOf = (round: readonly Crash[]): [ServiceName, CrashPoint[]][] =>
  [...Map.groupBy(round, ({ service }) => service)].map(([service, its]) => [service, its.flatMap(crashesOf)]);

/** Orders of every kind, and what else is told by an outbox: a new product, account and coupon each. */
async function placeWave(): Promise<PlacedOrder[]> {
  const [orders] = await Promise.all([
    placeMany(shop, cast, { orders: WAVE, atATime: WAVE }),
    shop.product({ stock: 1 }),
    shop.user({ balance: 1 }).then((userId) => shop.coupon({ userId, discountAmount: 1 })),
  ]);
  return orders;
}

const nameOf = (round: readonly Crash[]): string =>
  round.map(({ service, point }) => `${service} – ${point}`).join(', ');

describe.each(ROUNDS.map((round) => [nameOf(round), round] as const))('SIGKILL at %s', (_name, round) => {
  test('all orders end as they must, nothing is lost or doubled', async () => {
    const before = new Map(all.map((service) => [service, crashes.of(service).length]));
    const since = (service: ServiceName) => crashes.of(service).slice(before.get(service));
    const expected = pointsOf(round);
    const haveDied = () => expected.every(([service, points]) => since(service).length === points.length);

    for (const [service, points] of expected)
      crashes.arm(
        service,
        points.map((point) => ({ point, passing: passingOf(point) })),
      );
    const isSilent = round.some(needsSilence);
    if (isSilent) installation.stack.kill('delivery', 'SIGSTOP');
    let orders: PlacedOrder[];
    try {
      orders = await placeWave();
      await shop.until(async () => haveDied(), Boolean, `the crashes ${JSON.stringify(expected)}`);
    } finally {
      if (isSilent) installation.stack.kill('delivery', 'SIGCONT');
    }

    expect(expected.map(([service]) => [service, since(service)])).toEqual(expected);
    await expectEnds(shop, orders);
    await expectAllWell(shop, installation);
  });
});

test('every point is swept', () => {
  const swept = new Set(ROUNDS.flat().map(({ point }) => point));
  expect([...swept].sort()).toEqual(Object.keys(SERVICES).sort());
});
