import type { Account, Payment } from '@saga/balance/domain';
import type { Coupon } from '@saga/coupon/domain';
import type { Delivery, UnservedArea } from '@saga/delivery/domain';
import type { AuditEntry } from '@saga/orchestrator/app/audit';
import type { StoredAnswer } from '@saga/order/place-orders';
import type { Account as KnownAccount, Coupon as KnownCoupon, Product as KnownProduct } from '@saga/order/read-models';
import type { DayIncrease, Dispatch } from '@saga/platform/domain';
import type { Product, Reservation } from '@saga/product/domain';
import { memoryTable } from '../memory-database/memory-database.ts';
import type { InboxTable } from '../memory-stores/inbox.ts';
import type { OrderEntry } from '../memory-stores/orders.ts';
import type { OutboxTable } from '../memory-stores/outbox.ts';
import type { SagaEntry, SagaTables } from '../memory-stores/sagas.ts';

const kitTables = () => ({
  inbox: memoryTable('inbox') as InboxTable,
  outbox: memoryTable('outbox') as OutboxTable,
});

/** The tables of all services, empty. */
export const createTables = () => ({
  orchestrator: {
    ...kitTables(),
    sagas: memoryTable<SagaEntry>('sagas'),
    journal: memoryTable('journal') as SagaTables['journal'],
    audit: memoryTable<AuditEntry>('audit'),
    progress: memoryTable('progress') as SagaTables['progress'],
  },
  order: {
    ...kitTables(),
    orders: memoryTable<OrderEntry>('orders'),
    products: memoryTable<KnownProduct>('products'),
    accounts: memoryTable<KnownAccount>('accounts'),
    coupons: memoryTable<KnownCoupon>('coupons'),
    answers: memoryTable<StoredAnswer>('answers'),
  },
  product: {
    ...kitTables(),
    products: memoryTable<Product>('products'),
    reservations: memoryTable<Reservation>('reservations'),
  },
  balance: {
    ...kitTables(),
    accounts: memoryTable<Account>('accounts'),
    payments: memoryTable<Payment>('payments'),
  },
  coupon: { ...kitTables(), coupons: memoryTable<Coupon>('coupons') },
  delivery: {
    ...kitTables(),
    deliveries: memoryTable<Delivery>('deliveries'),
    unservedAreas: memoryTable<UnservedArea>('unserved areas'),
  },
  platform: {
    ...kitTables(),
    dispatches: memoryTable<Dispatch>('dispatches'),
    days: memoryTable<DayIncrease>('days'),
  },
});

export type Tables = ReturnType<typeof createTables>;
export type ServiceName = keyof Tables;
