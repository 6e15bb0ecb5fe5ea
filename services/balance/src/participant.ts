import type { Participant } from '@saga/service-kit/participant';
import { deduct, type Ledger, refund } from './domain.ts';
import { loadLedger, saveLedger } from './store.ts';

export const balanceParticipant: Participant<Ledger> = {
  service: 'balance',
  actions: { 'deduct-balance-command': deduct },
  compensations: { 'refund-balance-command': refund },
  keys: {
    payments: (payment) => payment.actionId,
    accounts: (account) => account.userId,
  },
  load: loadLedger,
  save: saveLedger,
};
