import { defineSaga } from '../saga/definition.ts';
import { completeOrder, useCoupon } from './bodies.ts';

/** Stock ∥ payment ∥ coupon, then the order is confirmed: completing it is the point of no return. */
export const reserveOrder = defineSaga({
  name: 'reserve-order',
  version: 1,
  steps: {
    product: {
      command: 'decrease-product-command',
      body: ({ items }) => ({ items }),
      compensation: 'restore-product-command',
    },
    balance: {
      command: 'deduct-balance-command',
      when: ({ finalAmount }) => finalAmount > 0,
      body: ({ userId, finalAmount }) => ({ userId, amount: finalAmount }),
      compensation: 'refund-balance-command',
    },
    coupon: {
      command: 'use-coupon-command',
      when: ({ couponId }) => couponId !== null,
      body: useCoupon,
      compensation: 'restore-coupon-command',
    },
    complete: {
      command: 'complete-order-command',
      after: ['product', 'balance', 'coupon'],
      pivot: true,
      body: completeOrder,
    },
  },
});
