import type { ActionTopic, CompensationTopic } from '@saga/messages/topics';
import { type Definition, defineSaga, type Order, type Replies, type Step, type StepOf } from '../definition.ts';

const OTHERS_ID = '01980000-0000-7000-8000-0000000000ff';

/** A body that fits the command, made of the order alone. */
const bodies = {
  'decrease-product-command': ({ items }) => ({ items }),
  'use-coupon-command': ({ couponId, userId, totalAmount, discountAmount }) => ({
    couponId: couponId ?? 1,
    userId,
    totalAmount,
    discountAmount,
  }),
  'deduct-balance-command': ({ userId, finalAmount }) => ({ userId, amount: finalAmount }),
  'create-delivery-command': ({ userId, items, shipTo }) => ({ userId, items, shipTo }),
  'complete-order-command': (_order, reply) => ({
    paymentId: reply('balance-deducted')?.paymentId ?? null,
    deliveryId: reply('delivery-created')?.deliveryId ?? OTHERS_ID,
  }),
} satisfies { [C in ActionTopic]?: (order: Order, replies: Replies) => ReturnType<StepOf<C>['body']> };

/** What the tests' own definitions are made of; that there are other actions does not concern them. */
export type TestAction = keyof typeof bodies;

const undoOf: Partial<Record<TestAction, CompensationTopic>> = {
  'decrease-product-command': 'restore-product-command',
  'use-coupon-command': 'restore-coupon-command',
  'deduct-balance-command': 'refund-balance-command',
  'create-delivery-command': 'cancel-delivery-command',
};

type Details = Partial<Omit<Step, 'command' | 'body'>>;

/** A step that can be undone, where its command can be. */
export const step = (command: TestAction, details: Details = {}): Step =>
  // Both stand under the same command in `bodies`; a union of all commands cannot be told so.
  ({ command, body: bodies[command], compensation: undoOf[command], ...details }) as Step;

export const sagaOf = (
  steps: Record<string, Step>,
  { deadlineMs, version = 1 }: { deadlineMs?: number; version?: number } = {},
): Definition => defineSaga({ name: 'test-order', version, deadlineMs, steps });

/** product → balance → delivery (the pivot) → complete. */
export const chain = (product: Details = {}, balance: Details = {}, delivery: Details = {}, complete: Details = {}) =>
  sagaOf({
    product: step('decrease-product-command', product),
    balance: step('deduct-balance-command', { after: ['product'], ...balance }),
    delivery: step('create-delivery-command', { after: ['balance'], pivot: true, ...delivery }),
    complete: step('complete-order-command', { after: ['delivery'], ...complete }),
  });
