import type { Participant } from '@saga/service-kit/participant';
import { restore, use, type Wallet } from './domain.ts';
import { loadWallet, saveWallet } from './store.ts';

export const couponParticipant: Participant<Wallet> = {
  service: 'coupon',
  actions: { 'use-coupon-command': use },
  compensations: { 'restore-coupon-command': restore },
  keys: { coupons: (coupon) => coupon.couponId },
  load: loadWallet,
  save: saveWallet,
};
