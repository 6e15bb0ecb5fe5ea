import type { z } from 'zod';
import { failure } from './reasons.ts';
import { amount, numericId, orderItems, shipTo, uuid } from './values.ts';

/** A command and what it says, and the fact that answers it. The order's id is in every body and not named again. */
type Exchange = { command: string; body?: z.ZodRawShape; fact: string; reply?: z.ZodRawShape };
type StepMessages = { action?: Exchange; compensation?: Exchange };

/**
 * Everything that a saga can ask for, step by step: what is done, what is answered when it was done, and what undoes
 * it (which finds what to undo by the header `actionid`). Topics, schemas and types all follow from this table: a new
 * step is a new entry (docs/how-to/add-a-step.md).
 */
export const steps = {
  product: {
    action: {
      command: 'decrease-product-command',
      body: { items: orderItems },
      fact: 'product-decreased',
      reply: { reservationId: uuid },
    },
    compensation: { command: 'restore-product-command', fact: 'product-restored' },
  },
  coupon: {
    action: {
      command: 'use-coupon-command',
      body: { couponId: numericId, userId: numericId, totalAmount: amount, discountAmount: amount },
      fact: 'coupon-used',
      reply: { couponId: numericId, discountAmount: amount },
    },
    compensation: { command: 'restore-coupon-command', fact: 'coupon-restored' },
  },
  balance: {
    action: {
      command: 'deduct-balance-command',
      body: { userId: numericId, amount },
      fact: 'balance-deducted',
      reply: { paymentId: uuid, amount, balanceAfter: amount },
    },
    compensation: { command: 'refund-balance-command', fact: 'balance-refunded' },
  },
  delivery: {
    action: {
      command: 'create-delivery-command',
      body: { userId: numericId, items: orderItems, shipTo: shipTo.nullable() },
      fact: 'delivery-created',
      reply: { deliveryId: uuid },
    },
    compensation: { command: 'cancel-delivery-command', fact: 'delivery-cancelled' },
  },
  complete: {
    action: {
      command: 'complete-order-command',
      body: { paymentId: uuid.nullable(), deliveryId: uuid.nullable() },
      fact: 'order-completed',
    },
  },
  /** Step zero: no command asks for the order itself, and it is undone last. */
  order: {
    compensation: { command: 'cancel-order-command', body: { reason: failure }, fact: 'order-cancelled' },
  },
} as const satisfies Record<string, StepMessages>;

type Steps = (typeof steps)[keyof typeof steps];
export type Action = Extract<Steps, { action: Exchange }>['action'];
export type Compensation = Extract<Steps, { compensation: Exchange }>['compensation'];

export const stepsByName: readonly (readonly [string, StepMessages])[] = Object.entries(steps);
const all = stepsByName.map(([, messages]) => messages);
export const actions: readonly Exchange[] = all.flatMap(({ action }) => action ?? []);
export const compensations: readonly Exchange[] = all.flatMap(({ compensation }) => compensation ?? []);
