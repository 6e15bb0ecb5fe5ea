import type { Account, Payment } from '@saga/balance/domain';
import { balanceParticipant } from '@saga/balance/participant';
import type { Coupon } from '@saga/coupon/domain';
import { couponParticipant } from '@saga/coupon/participant';
import type { Delivery, UnservedArea } from '@saga/delivery/domain';
import { deliveryParticipant } from '@saga/delivery/participant';
import { newOrderId } from '@saga/messages/ids';
import type { Product, Reservation } from '@saga/product/domain';
import { productParticipant } from '@saga/product/participant';
import { describe } from 'vitest';
import { MemoryDatabase, type MemoryTable, memoryTable, statement } from '../memory-database/memory-database.ts';
import { action, compensation } from '../message-builders.ts';
import { type Adapter, participantContract } from '../participant-contract.ts';
import { memoryInbox } from './inbox.ts';
import { memoryLedger } from './ledger.ts';
import { memoryShipping } from './shipping.ts';
import { memoryStock } from './stock.ts';
import { memoryWallet } from './wallet.ts';

/** A database of its own for each, and what the contract has to know of it. */
function inMemory() {
  const database = new MemoryDatabase(Date.now);
  const adapter: Adapter = {
    inbox: memoryInbox(memoryTable('inbox')),
    executed: (sql) => statement(sql, () => {}),
    blocked: async () => database.locks.waiting,
  };
  return { database: database.connect(async () => {}), adapter };
}

const valuesOf = <Row>(...tables: MemoryTable<Row>[]): Row[] => tables.flatMap(({ rows }) => [...rows.values()]);

describe('product in memory', () => {
  participantContract(async () => {
    const products = memoryTable<Product>('products');
    const reservations = memoryTable<Reservation>('reservations');
    products.rows.set(1, { productId: 1, price: 300, available: 1_000, reserved: 0, sold: 0 });
    return {
      ...inMemory(),
      participant: { ...productParticipant, ...memoryStock({ products, reservations }) },
      arrange: async () => {
        const items = [{ productId: 1, quantity: 2, unitPrice: 300 }];
        const decreased = action('decrease-product-command', { orderId: newOrderId(), items });
        return { action: decreased, undo: compensation('restore-product-command', decreased) };
      },
      effect: async () => valuesOf(products),
    };
  });
});

describe('balance in memory', () => {
  participantContract(async () => {
    const accounts = memoryTable<Account>('accounts');
    const payments = memoryTable<Payment>('payments');
    accounts.rows.set(7, { userId: 7, balance: 1_000_000 });
    return {
      ...inMemory(),
      participant: { ...balanceParticipant, ...memoryLedger({ accounts, payments }) },
      arrange: async () => {
        const deducted = action('deduct-balance-command', { orderId: newOrderId(), userId: 7, amount: 10 });
        return { action: deducted, undo: compensation('refund-balance-command', deducted) };
      },
      effect: async () => valuesOf(accounts),
    };
  });
});

describe('coupon in memory', () => {
  participantContract(async () => {
    const coupons = memoryTable<Coupon>('coupons');
    let issued = 0;
    return {
      ...inMemory(),
      participant: { ...couponParticipant, ...memoryWallet({ coupons }) },
      arrange: async () => {
        issued += 1;
        const terms = { couponId: issued, userId: 7, discountAmount: 10 };
        coupons.rows.set(issued, { ...terms, expiresAt: null, use: null });
        const used = action('use-coupon-command', { orderId: newOrderId(), ...terms, totalAmount: 100 });
        return { action: used, undo: compensation('restore-coupon-command', used) };
      },
      effect: async () => valuesOf(coupons).filter(({ use }) => use !== null),
    };
  });
});

describe('delivery in memory', () => {
  participantContract(async () => {
    const deliveries = memoryTable<Delivery>('deliveries');
    const unservedAreas = memoryTable<UnservedArea>('unserved areas');
    return {
      ...inMemory(),
      participant: { ...deliveryParticipant, ...memoryShipping({ deliveries, unservedAreas }) },
      arrange: async () => {
        const items = [{ productId: 1, quantity: 2, unitPrice: 300 }];
        const created = action('create-delivery-command', { orderId: newOrderId(), userId: 7, items, shipTo: null });
        return { action: created, undo: compensation('cancel-delivery-command', created) };
      },
      effect: async () => valuesOf(deliveries).filter(({ status }) => status === 'CREATED'),
    };
  });
});
