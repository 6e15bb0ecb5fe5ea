import { allTopics } from '@saga/messages/topics';
import type { Saga } from '@saga/orchestrator/saga/state';
import { serviceNames, type World } from './world.ts';

/** A cancellation whose order never came is no saga yet. */
export const sagasOf = ({ tables }: World): Saga[] =>
  [...tables.orchestrator.sagas.rows.values()]
    .filter(({ definition }) => definition !== undefined)
    .map(({ state }) => JSON.parse(state) as Saga);

/** Whether anything is still to happen, apart from the clock. */
export async function isAtRest(world: World): Promise<boolean> {
  const { tables, network, customers } = world;
  if (customers.waiting > 0 || network.underWay > 0) return false;
  if (tables.order.orders.rows.values().some(({ order }) => order.status === 'PENDING')) return false;
  if (tables.orchestrator.sagas.rows.values().some(({ hasEnded }) => !hasEnded)) return false;
  if (serviceNames.some((service) => tables[service].outbox.rows.size > 0)) return false;
  for (const service of serviceNames) {
    const topics = allTopics.filter((topic) => world.topicsOf(service).includes(topic));
    if ((await network.broker.lag(service, topics)) > 0) return false;
  }
  return true;
}

/** All that stands of what was done: each row as text, under its table and key. */
export function effectsOf(world: World): ReadonlyMap<string, string> {
  const { product, balance, coupon, delivery, platform, order } = world.tables;
  const tables = [product.products, product.reservations, balance.accounts, balance.payments, coupon.coupons];
  const rows = [...tables, delivery.deliveries, platform.dispatches, platform.days].flatMap(({ name, rows }) =>
    [...rows].map(([key, row]): [string, unknown] => [`${name}/${key}`, row]),
  );
  const orders = [...order.orders.rows].map(([key, entry]): [string, unknown] => [`orders/${key}`, entry.order]);
  const sagas = sagasOf(world).map(({ id, status }): [string, unknown] => [`sagas/${id}`, status]);
  return new Map([...rows, ...orders, ...sagas].map(([name, row]) => [name, JSON.stringify(row)]));
}
