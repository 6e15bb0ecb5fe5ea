import type { StateTopic } from '@saga/messages/announcements';
import { encode } from '@saga/messages/codec';
import type { Message } from '@saga/messages/message';
import type { Body } from '@saga/messages/topics';
import { sagaName } from '@saga/messages/values';
import type { OrderRequest } from '@saga/order/place-order';
import { isTransient, isUniqueViolation, messageOf } from '@saga/service-kit/faults';
import type { Once } from '@saga/service-kit/idempotency';
import { Problem } from '@saga/service-kit/problem';
import { stateChange } from '@saga/service-kit/state-change';
import type { World } from './world.ts';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const PRODUCTS = [
  { productId: 1, price: 100, available: 1_000_000 },
  { productId: 2, price: 700, available: 1_000_000 },
  { productId: 3, price: 50, available: 12 },
];
const ACCOUNTS = [
  { userId: 1, balance: 10 ** 9 },
  { userId: 2, balance: 10 ** 9 },
  { userId: 3, balance: 2_000 },
  { userId: 4, balance: 0 },
];
const COUPONS = [1, 2, 3, 4, 5, 6, 7, 8].map((couponId) => ({
  couponId,
  userId: (couponId % 3) + 1,
  discountAmount: 150,
}));
const UNSERVED = 'Nowhere';
const LONGEST_DOUBT_MS = 30_000;
const PATIENCE_MS = 4_000;
const LONGEST_PAUSE_MS = 3_000;
const MAX_QUANTITY = 5;

/** What there is to buy, and those who buy it. */
export class Customers {
  readonly #world: World;
  /** The orders that were answered with 202. */
  readonly accepted = new Set<string>();
  /** Under an Idempotency-Key, the one order that it stands for. */
  readonly #orderOf = new Map<string, string>();
  /** How many cancellations of an order were answered with 202. */
  readonly cancellations = new Map<string, number>();
  /** Customers who have not got their answer yet. */
  waiting = 0;
  readonly stockAdded = new Map(PRODUCTS.map(({ productId, available }) => [productId, available]));
  readonly moneyAdded = new Map(ACCOUNTS.map(({ userId, balance }) => [userId, balance]));

  constructor(world: World) {
    this.#world = world;
  }

  /** Fills the shop, and tells the order service of what there is. */
  stock(): void {
    const { tables } = this.#world;
    for (const product of PRODUCTS)
      tables.product.products.rows.set(product.productId, { ...product, reserved: 0, sold: 0 });
    for (const account of ACCOUNTS) tables.balance.accounts.rows.set(account.userId, account);
    for (const coupon of COUPONS)
      tables.coupon.coupons.rows.set(coupon.couponId, { ...coupon, expiresAt: null, use: null });
    tables.delivery.unservedAreas.rows.set(UNSERVED, { prefix: UNSERVED });
    for (const { productId, price } of PRODUCTS)
      this.#tellState('product', 'product-changed', productId, { productId, name: 'a thing', price, version: 1 });
    for (const { userId } of ACCOUNTS)
      this.#tellState('balance', 'account-changed', userId, { userId, publicId: `user-${userId}`, version: 1 });
    for (const { couponId, userId, discountAmount } of COUPONS)
      this.#tellState('coupon', 'coupon-changed', couponId, {
        couponId,
        userId,
        discountAmount,
        expiresAt: null,
        version: 1,
      });
  }

  #tellState<T extends StateTopic>(service: string, topic: T, id: number, body: Body<T>): void {
    const message: Message = stateChange({ service, topic, key: String(id), body, traceparent: TRACEPARENT });
    void this.#world.network.broker.publish([encode(message)]);
  }

  /** They come one by one, for a minute. */
  come(): void {
    const { plan, chance, time } = this.#world;
    for (let number = 1; number <= plan.orders; number += 1)
      time.after(chance.fraction() * plan.orderingMs, () => this.#buy(number));
  }

  #buy(number: number): void {
    const { chance, plan, time } = this.#world;
    const request = this.#request();
    const key = `order ${number}`;
    const once: Once | undefined = chance.happens(0.7)
      ? { scope: `user ${request.userId}`, key, requestHash: JSON.stringify(request) }
      : undefined;
    void this.#ask(request, once);
    if (once && chance.happens(0.2)) void this.#ask(request, once);
    if (!chance.happens(plan.cancellations)) return;
    time.after(chance.fraction() * LONGEST_DOUBT_MS, () => void this.#cancel(number));
  }

  #request(): OrderRequest {
    const { chance } = this.#world;
    const saga = chance.oneOf(sagaName.options);
    const userId = chance.oneOf(ACCOUNTS).userId;
    const coupons = COUPONS.filter((coupon) => coupon.userId === userId);
    const products = chance.happens(0.3) ? [...PRODUCTS] : [chance.oneOf(PRODUCTS)];
    return {
      saga,
      userId,
      items: products.map(({ productId }) => ({ productId, quantity: chance.between(1, MAX_QUANTITY), price: null })),
      couponId:
        saga !== 'ship-order' && coupons.length > 0 && chance.happens(0.4) ? chance.oneOf(coupons).couponId : null,
      shipTo: {
        recipientName: 'Ada',
        address: chance.happens(0.1) ? `${UNSERVED} 1` : 'Jeju 1',
        phone: '010',
      },
    };
  }

  /** Asks until there is an answer; without a key only once, for another try could be another order. */
  async #ask(request: OrderRequest, once: Once | undefined): Promise<void> {
    const { time, chance } = this.#world;
    this.waiting += 1;
    for (let isAnswered = false; !isAnswered; ) {
      isAnswered = await this.#askOnce(request, once);
      if (!once) break;
      if (!isAnswered) await time.pause(chance.fraction() * LONGEST_PAUSE_MS);
    }
    this.waiting -= 1;
  }

  /** @returns whether there was an answer. */
  async #askOnce(request: OrderRequest, once: Once | undefined): Promise<boolean> {
    const { chance, time } = this.#world;
    const open = this.#world.upReplicasOf('order').flatMap(({ counter }) => counter ?? []);
    if (open.length === 0) return false;
    const orderId = chance.uuid(7);
    const createdAt = new Date(this.#world.nowOf('order'));
    const answer = chance.oneOf(open).place({ orderId, traceparent: TRACEPARENT, createdAt, request, once });
    try {
      const outcome = await Promise.race([answer, time.pause(PATIENCE_MS)]);
      if (!outcome) return false;
      if (outcome.outcome === 'placed' || outcome.outcome === 'placed-before') {
        this.#accept(outcome.order.orderId, once);
        this.#world.tell('customer', `${outcome.order.orderId} ${outcome.outcome} ${request.saga}`);
      } else if (outcome.outcome !== 'refused') {
        this.#world.complain('an order was answered as nobody asked', JSON.stringify(outcome));
      }
      return true;
    } catch (error) {
      if (!isTransient(error) && !isUniqueViolation(error)) this.#world.complain('placing failed', messageOf(error));
      return false;
    }
  }

  #accept(orderId: string, once: Once | undefined): void {
    this.accepted.add(orderId);
    if (!once) return;
    const before = this.#orderOf.get(once.key) ?? orderId;
    if (before !== orderId) this.#world.complain('one key stands for one order', `${once.key}: ${before}, ${orderId}`);
    this.#orderOf.set(once.key, before);
  }

  async #cancel(number: number): Promise<void> {
    const { chance } = this.#world;
    const orderId = [...this.accepted][number % Math.max(this.accepted.size, 1)];
    const open = this.#world.upReplicasOf('order').flatMap(({ counter }) => counter ?? []);
    if (orderId === undefined || open.length === 0) return;
    this.#world.faults.count('cancellation');
    this.#world.tell('customer', `${orderId} asks for its cancellation`);
    try {
      await chance.oneOf(open).cancel(orderId);
      this.cancellations.set(orderId, (this.cancellations.get(orderId) ?? 0) + 1);
    } catch (error) {
      if (!(error instanceof Problem) && !isTransient(error))
        this.#world.complain('asking for a cancellation failed', messageOf(error));
    }
  }
}
