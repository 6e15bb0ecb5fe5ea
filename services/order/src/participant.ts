import type { Participant } from '@saga/service-kit/participant';
import { cancel, complete, type OrderTables } from './domain.ts';
import { projectAccount, projectCoupon, projectProduct } from './read-models.ts';
import { loadOrders, saveOrders } from './store.ts';

export const orderParticipant: Participant<OrderTables> = {
  service: 'order',
  actions: { 'complete-order-command': complete },
  compensations: { 'cancel-order-command': cancel },
  projections: {
    'product-changed': projectProduct,
    'account-changed': projectAccount,
    'coupon-changed': projectCoupon,
  },
  keys: {
    orders: (order) => order.orderId,
    products: (product) => product.productId,
    accounts: (account) => account.userId,
    coupons: (coupon) => coupon.couponId,
  },
  load: loadOrders,
  save: saveOrders,
};
