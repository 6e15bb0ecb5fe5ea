import type { Account, Ledger, Payment } from '@saga/balance/domain';
import type { Participant } from '@saga/service-kit/participant';
import { type MemoryTable, send, statement } from '../memory-database/memory-database.ts';

export type LedgerTables = { accounts: MemoryTable<Account>; payments: MemoryTable<Payment> };

/** As services/balance/src/store.ts. */
export const memoryLedger = ({ accounts, payments }: LedgerTables): Pick<Participant<Ledger>, 'load' | 'save'> => ({
  load: async (sql, messages) => {
    const undone = messages.flatMap(({ envelope }) => envelope.actionId ?? []);
    const paying = messages.flatMap((message) =>
      message.topic === 'deduct-balance-command' ? message.body.userId : [],
    );
    const [lockedPayments, lockedAccounts] = await Promise.all([
      statement(sql, (rows) => rows.lock(payments, undone)),
      statement(sql, (rows) => {
        const repaid = undone.flatMap((id) => rows.get(payments, id)?.userId ?? []);
        return rows.lock(accounts, [...paying, ...repaid]);
      }),
    ]);
    return { payments: lockedPayments, accounts: lockedAccounts };
  },
  save: (sql, changes) => {
    send(sql, (rows) => rows.upsertAll(payments, changes.payments, (row) => row.actionId));
    send(sql, (rows) => rows.upsertAll(accounts, changes.accounts, (row) => row.userId));
  },
});
