import type { Participant } from '@saga/service-kit/participant';
import { decrease, restore, type Stock, settle } from './domain.ts';
import { loadStock, saveStock } from './store.ts';

export const productParticipant: Participant<Stock> = {
  service: 'product',
  actions: { 'decrease-product-command': decrease },
  compensations: { 'restore-product-command': restore },
  listeners: { 'order-processed': settle },
  keys: {
    reservations: (reservation) => reservation.actionId,
    products: (product) => product.productId,
  },
  load: loadStock,
  save: saveStock,
};
