import { isDeepStrictEqual } from 'node:util';
import { orderActionId } from '@saga/messages/ids';
import type { Body } from '@saga/messages/topics';
import type { Order } from '@saga/order/domain';
import { checkSagas } from './saga-invariants.ts';
import { sagasOf } from './standing.ts';
import { serviceNames, type World } from './world.ts';

export type Violation = { invariant: string; detail: string };

/** Notes what does not hold. */
export type Check = (invariant: string, holds: boolean, detail: object) => void;

/** Everything of reliability.md that must hold once everything has ended. */
export function violationsOf(world: World): Violation[] {
  const found = world.complaints.map(({ complaint, detail }) => ({ invariant: complaint, detail }));
  const check: Check = (invariant, holds, detail) => {
    if (!holds) found.push({ invariant, detail: JSON.stringify(detail) });
  };
  for (const checkThem of [
    checkStock,
    checkMoney,
    checkCoupons,
    checkOrders,
    checkSagas,
    checkPromises,
    checkStatistics,
    checkDeadLetters,
  ])
    checkThem(world, check);
  return found;
}

function checkStock({ tables: { product }, customers }: World, check: Check): void {
  const reservations = [...product.reservations.rows.values()];
  for (const { productId, available, reserved, sold } of product.products.rows.values()) {
    const said = (status: string): number =>
      reservations
        .filter((each) => each.status === status)
        .flatMap(({ items }) => items)
        .reduce((sum, item) => sum + (item.productId === productId ? item.quantity : 0), 0);
    const detail = { productId, available, reserved, sold };
    const added = customers.stockAdded.get(productId);
    check('stock is neither lost nor made', available + reserved + sold === added, detail);
    check('no stock is below zero', Math.min(available, reserved, sold) >= 0, detail);
    const isSaid = reserved === said('RESERVED') && sold === said('SETTLED');
    check('what is reserved and sold is what the reservations say', isSaid, detail);
  }
}

function checkMoney({ tables: { balance }, customers }: World, check: Check): void {
  const paid = [...balance.payments.rows.values()].filter(({ status }) => status === 'PAID');
  for (const { userId, balance: left } of balance.accounts.rows.values()) {
    const spent = paid.reduce((sum, each) => sum + (each.userId === userId ? each.amount : 0), 0);
    const added = customers.moneyAdded.get(userId);
    check('money is neither lost nor made', left + spent === added, { userId, left, spent });
    check('no balance is below zero', left >= 0, { userId, left });
  }
}

function checkCoupons({ tables: { coupon, order } }: World, check: Check): void {
  const orders = [...order.orders.rows.values()].map((entry) => entry.order);
  for (const { couponId, use } of coupon.coupons.rows.values()) {
    const users = orders.filter((each) => each.couponId === couponId && each.status === 'COMPLETED');
    const ids = users.map(({ orderId }) => orderId);
    check('a coupon is used by at most one order', ids.length <= 1, { couponId, ids });
    check('a coupon is used by the order that stands, and by no other', use?.orderId === ids[0], {
      couponId,
      use,
      ids,
    });
  }
}

/** Each order has its effects exactly once, or none. */
function checkOrders(world: World, check: Check): void {
  const sagas = new Map(sagasOf(world).map((saga) => [saga.id, saga]));
  for (const { order } of world.tables.order.orders.rows.values()) {
    const { orderId, status } = order;
    const saga = sagas.get(orderId)?.status;
    check('every order has ended', status !== 'PENDING', { orderId, status, saga });
    if (status === 'PENDING') continue;
    check('orders and sagas agree', saga === (status === 'COMPLETED' ? 'COMPLETED' : 'COMPENSATED'), {
      orderId,
      status,
      saga,
    });
    const [standing, due] = [standingOf(world, orderId), dueTo(order)];
    const invariant = `an order that is ${status} has its effects exactly once or not at all`;
    check(invariant, isDeepStrictEqual(standing, due), { orderId, saga: order.saga, standing, due });
  }
}

type Effects = { reservations: string[]; payments: number[]; deliveries: number; dispatches: number };

const NONE: Effects = { reservations: [], payments: [], deliveries: 0, dispatches: 0 };

function dueTo({ status, saga, finalAmount }: Order): Effects {
  if (status !== 'COMPLETED') return NONE;
  return {
    reservations: ['SETTLED'],
    payments: saga !== 'ship-order' && finalAmount > 0 ? [finalAmount] : [],
    deliveries: saga === 'reserve-order' ? 0 : 1,
    dispatches: 1,
  };
}

function standingOf({ tables: { product, balance, delivery, platform } }: World, orderId: string): Effects {
  const of = <Row extends { orderId: string }>(rows: Iterable<Row>): Row[] =>
    [...rows].filter((row) => row.orderId === orderId);
  return {
    reservations: of(product.reservations.rows.values()).flatMap(({ status }) => (status === 'RELEASED' ? [] : status)),
    payments: of(balance.payments.rows.values()).flatMap(({ status, amount }) => (status === 'PAID' ? amount : [])),
    deliveries: of(delivery.deliveries.rows.values()).filter(({ status }) => status === 'CREATED').length,
    dispatches: of(platform.dispatches.rows.values()).length,
  };
}

function checkPromises({ tables, customers }: World, check: Check): void {
  const { orders, inbox } = tables.order;
  for (const orderId of customers.accepted)
    check('what was answered with 202 is never lost', orders.rows.has(orderId), { orderId });
  for (const orderId of orders.rows.keys())
    check('placing an order is in its inbox', inbox.rows.has(orderActionId(String(orderId))), { orderId });
  for (const service of serviceNames) {
    const rows = tables[service].outbox.rows.size;
    check('every outbox is empty', rows === 0, { service, rows });
  }
}

function checkStatistics({ tables: { order, platform } }: World, check: Check): void {
  const orders = [...order.orders.rows.values()].map((entry) => entry.order);
  const completed = orders.filter(({ status }) => status === 'COMPLETED');
  const amount = completed.reduce((sum, { finalAmount }) => sum + finalAmount, 0);
  const days = [...platform.days.rows.values()];
  const counted = {
    orders: days.reduce((sum, day) => sum + day.orders, 0),
    amount: days.reduce((sum, day) => sum + day.finalAmount, 0),
  };
  const isCounted = counted.orders === completed.length && counted.amount === amount;
  check('what was completed is what the platform has counted', isCounted, { counted, completed: completed.length });
}

function checkDeadLetters({ deadLetters, faults, network }: World, check: Check): void {
  const letters = deadLetters.map((letter) => JSON.parse(String(letter.value)) as Body<'dead-letter'>);
  for (const { topic, key, headers, error } of letters) {
    const isExcused = faults.isExcused(`${headers.ce_id} ${headers.attempt}`);
    check('dead letters are only those that the seed put there', isExcused, { topic, key, error });
  }
  const kept = new Set(letters.map(({ headers }) => headers.ce_id));
  for (const id of network.littered) check('what nobody can handle stands in the dead letters', kept.has(id), { id });
}
