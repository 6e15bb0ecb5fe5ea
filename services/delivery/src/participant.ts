import type { Participant } from '@saga/service-kit/participant';
import { cancel, create, type Shipping } from './domain.ts';
import { loadShipping, saveShipping } from './store.ts';

export const deliveryParticipant: Participant<Shipping> = {
  service: 'delivery',
  actions: { 'create-delivery-command': create },
  compensations: { 'cancel-delivery-command': cancel },
  keys: {
    deliveries: (delivery) => delivery.deliveryId,
    unservedAreas: (area) => area.prefix,
  },
  load: loadShipping,
  save: saveShipping,
};
