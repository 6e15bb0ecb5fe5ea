import { defineSaga } from '../saga/definition.ts';
import { completeOrder, useCoupon } from './bodies.ts';

/** The shop's order: stock ∥ coupon → balance → delivery, and then the order is complete. */
export const placeOrder = defineSaga({
  name: 'place-order',
  version: 1,
  steps: {
    product: {
      command: 'decrease-product-command',
      body: ({ items }) => ({ items }),
      compensation: 'restore-product-command',
    },
    coupon: {
      command: 'use-coupon-command',
      when: ({ couponId }) => couponId !== null,
      body: useCoupon,
      compensation: 'restore-coupon-command',
    },
    balance: {
      command: 'deduct-balance-command',
      after: ['product', 'coupon'],
      when: ({ finalAmount }) => finalAmount > 0,
      body: ({ userId, finalAmount }) => ({ userId, amount: finalAmount }),
      compensation: 'refund-balance-command',
    },
    delivery: {
      command: 'create-delivery-command',
      after: ['balance'],
      pivot: true,
      body: ({ userId, items, shipTo }) => ({ userId, items, shipTo }),
      compensation: 'cancel-delivery-command',
    },
    complete: {
      command: 'complete-order-command',
      after: ['delivery'],
      body: completeOrder,
    },
  },
});
