import { defineSaga } from '../saga/definition.ts';
import { completeOrder } from './bodies.ts';

/** Stock → delivery → complete: nothing is paid here, and there is no coupon. */
export const shipOrder = defineSaga({
  name: 'ship-order',
  version: 1,
  steps: {
    product: {
      command: 'decrease-product-command',
      body: ({ items }) => ({ items }),
      compensation: 'restore-product-command',
    },
    delivery: {
      command: 'create-delivery-command',
      after: ['product'],
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
