import type { Coupon, Wallet } from '@saga/coupon/domain';
import type { Participant } from '@saga/service-kit/participant';
import { type MemoryTable, send, statement } from '../memory-database/memory-database.ts';

export type WalletTables = { coupons: MemoryTable<Coupon> };

/** As services/coupon/src/store.ts. */
export const memoryWallet = ({ coupons }: WalletTables): Pick<Participant<Wallet>, 'load' | 'save'> => ({
  load: async (sql, messages) => {
    const undone = new Set(messages.flatMap(({ envelope }) => envelope.actionId ?? []));
    const used = messages.flatMap((message) => (message.topic === 'use-coupon-command' ? message.body.couponId : []));
    const locked = await statement(sql, (rows) => {
      const spent = rows.all(coupons).flatMap(([id, { use }]) => (use && undone.has(use.actionId) ? id : []));
      return rows.lock(coupons, [...used, ...spent]);
    });
    return { coupons: locked };
  },
  save: (sql, changes) => send(sql, (rows) => rows.upsertAll(coupons, changes.coupons, (row) => row.couponId)),
});
