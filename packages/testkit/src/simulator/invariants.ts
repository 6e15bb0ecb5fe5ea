import { isDeepStrictEqual } from 'node:util';
import { orderActionId } from '@saga/messages/ids';
import { allTopics } from '@saga/messages/topics';
import { type Incoming, messageIdOf } from '@saga/orchestrator/saga/incoming';
import { rebuild } from '@saga/orchestrator/saga/rebuild';
import type { Saga, StepStatus } from '@saga/orchestrator/saga/state';
import { allSagas } from '@saga/orchestrator/sagas/all';
import type { Order } from '@saga/order/domain';
import { serviceNames, type World } from './world.ts';

export type Violation = { invariant: string; detail: string };

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

const DONE: ReadonlySet<StepStatus> = new Set(['SUCCEEDED', 'SKIPPED']);
const UNDONE: ReadonlySet<StepStatus> = new Set(['WAITING', 'SKIPPED', 'REJECTED', 'COMPENSATED']);

/** A cancellation whose order never came is no saga yet. */
const sagasOf = ({ tables }: World): Saga[] =>
  [...tables.orchestrator.sagas.rows.values()]
    .filter(({ definition }) => definition !== undefined)
    .map(({ state }) => JSON.parse(state) as Saga);

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

/** Everything of reliability.md that must hold once everything has ended. */
export function violationsOf(world: World): Violation[] {
  const found: Violation[] = [...world.complaints.map(({ complaint, detail }) => ({ invariant: complaint, detail }))];
  const { product, balance, coupon, delivery, platform, order, orchestrator } = world.tables;
  const check = (invariant: string, holds: boolean, detail: unknown): void => {
    if (!holds) found.push({ invariant, detail: typeof detail === 'string' ? detail : JSON.stringify(detail) });
  };
  const reservations = [...product.reservations.rows.values()];
  const payments = [...balance.payments.rows.values()];
  const deliveries = [...delivery.deliveries.rows.values()];
  const coupons = [...coupon.coupons.rows.values()];
  const orders = new Map([...order.orders.rows].map(([id, entry]) => [String(id), entry.order]));
  const sagas = new Map(sagasOf(world).map((saga) => [saga.id, saga]));

  for (const { productId, available, reserved, sold } of product.products.rows.values()) {
    const sum = (status: string): number =>
      reservations
        .filter((each) => each.status === status)
        .flatMap(({ items }) => items)
        .reduce((total, item) => total + (item.productId === productId ? item.quantity : 0), 0);
    const detail = { productId, available, reserved, sold };
    check(
      'stock is neither lost nor made',
      available + reserved + sold === world.customers.stockAdded.get(productId),
      detail,
    );
    check('no stock is below zero', Math.min(available, reserved, sold) >= 0, detail);
    check(
      'what is reserved and sold is what the reservations say',
      reserved === sum('RESERVED') && sold === sum('SETTLED'),
      detail,
    );
  }
  for (const { userId, balance: left } of balance.accounts.rows.values()) {
    const paid = payments
      .filter((each) => each.userId === userId && each.status === 'PAID')
      .reduce((total, { amount }) => total + amount, 0);
    check('money is neither lost nor made', left + paid === world.customers.moneyAdded.get(userId), {
      userId,
      left,
      paid,
    });
    check('no balance is below zero', left >= 0, { userId, left });
  }
  for (const { couponId, use } of coupons) {
    if (use)
      check('a coupon is used only by an order that stands', orders.get(use.orderId)?.status === 'COMPLETED', {
        couponId,
        use,
      });
    const users = [...orders.values()].filter((each) => each.couponId === couponId && each.status === 'COMPLETED');
    check('a coupon is used by at most one order', users.length <= 1, {
      couponId,
      users: users.map(({ orderId }) => orderId),
    });
    const [user] = users;
    if (user)
      check('the coupon of an order that stands is used by it', use?.orderId === user.orderId, { couponId, use });
  }

  const completed = [...orders.values()].filter(({ status }) => status === 'COMPLETED');
  for (const each of orders.values()) checkOrder(each);

  function checkOrder({ orderId, saga: name, status, finalAmount }: Order): void {
    const effects = {
      reservations: reservations.filter((row) => row.orderId === orderId).map((row) => row.status),
      payments: payments.filter((row) => row.orderId === orderId && row.status === 'PAID').map(({ amount }) => amount),
      deliveries: deliveries.filter((row) => row.orderId === orderId && row.status === 'CREATED').length,
      dispatches: platform.dispatches.rows.has(orderId) ? 1 : 0,
    };
    const saga = sagas.get(orderId);
    const pays = name !== 'ship-order' && finalAmount > 0;
    const expected = {
      COMPLETED: {
        reservations: ['SETTLED'],
        payments: pays ? [finalAmount] : [],
        deliveries: name === 'reserve-order' ? 0 : 1,
        dispatches: 1,
      },
      CANCELLED: { reservations: [], payments: [], deliveries: 0, dispatches: 0 },
      PENDING: effects,
    }[status];
    const standing = { ...effects, reservations: effects.reservations.filter((row) => row !== 'RELEASED') };
    check('every order has ended', status !== 'PENDING', { orderId, status, saga: saga?.status });
    check(
      `an order that is ${status} has its effects exactly once or not at all`,
      isDeepStrictEqual(standing, expected) || status === 'PENDING',
      { orderId, name, standing, expected },
    );
    const agreed = { COMPLETED: 'COMPLETED', CANCELLED: 'COMPENSATED', PENDING: saga?.status }[status];
    check('orders and sagas agree', saga?.status === agreed, { orderId, status, saga: saga?.status });
  }

  for (const orderId of world.customers.accepted)
    check('what was answered with 202 is never lost', orders.has(orderId), { orderId });
  for (const saga of sagas.values()) {
    check('every saga has ended', saga.endedAt !== undefined, { id: saga.id, status: saga.status, steps: saga.steps });
    check('a saga belongs to an order', orders.has(saga.id), { id: saga.id });
    const journal = [...orchestrator.journal.rows.values()]
      .filter(({ sagaId }) => sagaId === saga.id)
      .sort((a, b) => a.seq - b.seq)
      .map(({ incoming, at }) => ({ incoming: JSON.parse(incoming) as Incoming, at }));
    const facts = journal.flatMap(({ incoming }) => (incoming.type === 'fact' ? messageIdOf(incoming) : []));
    check('a saga takes a fact once', new Set(facts).size === facts.length, { id: saga.id, facts });
    const operated = journal.filter(({ incoming }) => incoming.type === 'operator').length;
    const audited = [...orchestrator.audit.rows.values()].filter(({ target }) => target.id === saga.id).length;
    check('what an operator did is in the journal and in the audit', operated === audited, {
      id: saga.id,
      operated,
      audited,
    });
    const isAsked = journal.some(({ incoming }) => incoming.type === 'order-cancel-requested');
    const cancellations = world.customers.cancellations.get(saga.id) ?? 0;
    check('a cancellation that was answered with 202 reaches its saga', isAsked || cancellations === 0, {
      id: saga.id,
      cancellations,
    });
    check(
      'nobody is given up for being silent',
      saga.failure?.code !== 'STEP_TIMED_OUT' || world.network.troubled.has(saga.id),
      { id: saga.id, failure: saga.failure },
    );
    const statuses = Object.entries(saga.steps).map(([name, { status }]) => [name, status]);
    const settled = saga.status === 'COMPLETED' ? DONE : UNDONE;
    check(
      'every step of a saga that has ended is settled',
      saga.endedAt === undefined || Object.values(saga.steps).every(({ status }) => settled.has(status)),
      { id: saga.id, status: saga.status, statuses },
    );
    const rebuilt = JSON.parse(JSON.stringify(rebuild(allSagas, journal)));
    check('a saga is what its journal rebuilds', isDeepStrictEqual(rebuilt, saga), { id: saga.id });
  }
  for (const orderId of orders.keys())
    check('placing an order is in its inbox', order.inbox.rows.has(orderActionId(orderId)), { orderId });

  const counted = [...platform.days.rows.values()].reduce(
    (sum, day) => ({ orders: sum.orders + day.orders, amount: sum.amount + day.finalAmount }),
    { orders: 0, amount: 0 },
  );
  const amount = completed.reduce((sum, each) => sum + each.finalAmount, 0);
  check(
    'what was completed is what the platform has counted',
    isDeepStrictEqual(counted, { orders: completed.length, amount }),
    { counted, completed: completed.length, amount },
  );
  for (const service of serviceNames)
    check('every outbox is empty', world.tables[service].outbox.rows.size === 0, {
      service,
      rows: world.tables[service].outbox.rows.size,
    });
  for (const letter of world.deadLetters) {
    const body = JSON.parse(String(letter.value)) as {
      headers: Record<string, string>;
      topic: string;
      error: { code: string; message: string };
    };
    const isExcused = world.faults.isExcused(`${body.headers.ce_id} ${body.headers.attempt}`);
    check('dead letters are only those that the seed put there', isExcused, {
      topic: body.topic,
      key: letter.key,
      error: body.error,
    });
  }
  return found;
}
