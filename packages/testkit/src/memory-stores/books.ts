import type { Books, DayIncrease, Dispatch } from '@saga/platform/domain';
import { loadNothing } from '@saga/platform/store';
import type { Participant } from '@saga/service-kit/participant';
import { type MemoryTable, send } from '../memory-database/memory-database.ts';

export type BooksTables = { dispatches: MemoryTable<Dispatch>; days: MemoryTable<DayIncrease> };

/** As services/platform/src/store.ts: dispatches are plain inserts, days are added to. */
export const memoryBooks = ({ dispatches, days }: BooksTables): Pick<Participant<Books>, 'load' | 'save'> => ({
  load: loadNothing,
  save: (sql, changes) => {
    send(sql, async (rows) => {
      for (const dispatch of changes.dispatches.toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1)))
        await rows.insert(dispatches, dispatch.orderId, dispatch);
    });
    send(sql, (rows) => rows.upsertAll(days, changes.days, (row) => row.date, added));
  },
});

const added = (increase: DayIncrease, day: DayIncrease | undefined): DayIncrease =>
  day === undefined
    ? increase
    : {
        date: day.date,
        orders: day.orders + increase.orders,
        items: day.items + increase.items,
        totalAmount: day.totalAmount + increase.totalAmount,
        discountAmount: day.discountAmount + increase.discountAmount,
        finalAmount: day.finalAmount + increase.finalAmount,
      };
