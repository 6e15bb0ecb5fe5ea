import type { LedgerEffect } from '@saga/service-kit/ledger';
import { unavailable } from '@saga/service-kit/problem';
import { describe, expect, test } from 'vitest';
import type { Saga } from '../../saga/state.ts';
import { triedAgain } from '../../saga/testing/generations.ts';
import { NINE_O_CLOCK, ORDER_ID } from '../../saga/testing/messages.ts';
import { begun, operator, rejected, type Scenario, succeeded, undone, whenDue } from '../../saga/testing/scenario.ts';
import { shipOrder } from '../../sagas/ship-order.ts';
import type { LedgerSource } from './ledgers.ts';
import { faultsOf, reconcileWindow, type SagaBooks } from './reconcile.ts';

const BEGINNING = '00000000-0000-0000-0000-000000000000';

/** Sagas as they are when they are read first, and when those that differ are read again. */
const sagas = (first: readonly Saga[], again: readonly Saga[] = first): SagaBooks => ({
  first: async () => BEGINNING,
  after: async (id, limit) => ({
    now: NINE_O_CLOCK,
    sagas: first.filter((saga) => saga.id > id).slice(0, limit),
  }),
  some: async (ids) => again.filter(({ id }) => ids.includes(id)),
});

const effect = (actionId: string, status: string, reply = {}): LedgerEffect => ({
  actionId,
  status,
  isSettled: status === 'SETTLED',
  reply,
});

const books = (service: string, entries: Record<string, LedgerEffect[]>): LedgerSource => ({
  service,
  faults: async () => [],
  effects: async ({ after, upTo }, limit) =>
    new Map(
      Object.entries(entries)
        .filter(([orderId]) => orderId > after && orderId <= upTo)
        .sort()
        .slice(0, limit),
    ),
});

const codes = async (sagaBooks: SagaBooks, ...sources: LedgerSource[]) =>
  (await reconcileWindow(sagaBooks, sources, BEGINNING, 100)).differences.map(({ code }) => code);

const reserved = ({ saga }: Scenario) =>
  books('product', {
    [saga.id]: [
      effect(
        saga.steps.product && 'runs' in saga.steps.product ? saga.steps.product.runs[0].action.commandId : '',
        'RESERVED',
      ),
    ],
  });
const order = (status: string) => books('order', { [ORDER_ID]: [effect(ORDER_ID, status)] });
const anId = (index: number): string => `01980000-0000-7000-8000-${String(index).padStart(12, '0')}`;

describe('what happens while the books are read is no difference', () => {
  const before = begun(shipOrder);
  const beforeSaga = before.saga;
  const done = begun(shipOrder).when(succeeded('product')).when(succeeded('delivery')).when(succeeded('complete'));

  test('an effect of a saga that began in between', async () => {
    expect(await codes(sagas([], [beforeSaga]), reserved(before), order('PENDING'))).toEqual([]);
    expect(await codes(sagas([]), reserved(before))).toEqual(['EFFECT_WITHOUT_SAGA']);
  });

  test('an order that was pending when it was read, and its saga completed before it was read again', async () => {
    expect(await codes(sagas([beforeSaga], [done.saga]), order('PENDING'))).toEqual([]);
    expect(await codes(sagas([done.saga]), order('PENDING'))).toEqual(['ORDER_STATUS']);
  });

  test('an effect that came after its ledger was read, and before the saga was read again', async () => {
    expect(await codes(sagas([beforeSaga], [done.saga]), books('product', {}))).toEqual([]);
    expect(await codes(sagas([done.saga]), books('product', {}))).toEqual(['EFFECT_MISSING']);
  });

  test('an effect that stood when it was read, and was undone after that', async () => {
    const refused = begun(shipOrder).when(succeeded('product')).when(rejected('delivery', 'ADDRESS_UNDELIVERABLE'));
    const standing = reserved(refused);
    const goingBack = refused.saga;
    const undoneSince = refused.when(undone('product')).saga;
    expect(await codes(sagas([goingBack], [undoneSince]), standing)).toEqual([]);
    expect(await codes(sagas([undoneSince]), standing)).toEqual(['EFFECT_NOT_UNDONE']);
  });
});

describe('what an operator has settled', () => {
  test('a compensation that counts as done on an operator’s word may leave its effect in the books', async () => {
    const scenario = begun(shipOrder).when(succeeded('product')).when(rejected('delivery', 'ADDRESS_UNDELIVERABLE'));
    while (!('stuck' in scenario.compensation('product'))) scenario.when(whenDue({ overtaken: ['product'] }));
    const act = { action: 'force-compensated', step: 'product', evidence: 'restocked by hand' } as const;
    expect(await codes(sagas([scenario.when(operator(act)).saga]), reserved(scenario))).toEqual([]);
  });

  test('of a step that was tried anew, what stands of the earlier generation is one too many', async () => {
    const scenario = triedAgain(begun(shipOrder), 'product', 'unknown');
    scenario.when(succeeded('product')).when(succeeded('delivery')).when(succeeded('complete')).is('COMPLETED');
    const ledger = books('product', {
      [ORDER_ID]: [0, 1].map((generation) => effect(scenario.action('product', generation).commandId, 'SETTLED')),
    });
    expect(await codes(sagas([scenario.saga]), ledger)).toEqual(['EFFECT_TOO_MANY']);
  });
});

test('sums that cannot be told in time are told as unknown, beside what others told; a bug is none', async () => {
  const told = [{ subject: 'the account of user 7', message: '1 is missing' }];
  const balance = { ...books('balance', {}), faults: async () => told };
  const failing = (error: Error): LedgerSource => ({ ...books('product', {}), faults: () => Promise.reject(error) });
  expect(await faultsOf([failing(unavailable('it answered 503', 1)), balance])).toMatchObject([
    { service: 'product', code: 'SUMS_UNKNOWN', message: expect.stringContaining('it answered 503') },
    { service: 'balance', code: 'SUMS', message: expect.stringContaining('1 is missing') },
  ]);
  await expect(faultsOf([failing(new TypeError('a bug')), balance])).rejects.toThrow('a bug');
});

describe('page by page', () => {
  const payments = books(
    'balance',
    Object.fromEntries(Array.from({ length: 25 }, (_, index) => [anId(index), [effect(anId(index), 'PAID')]])),
  );

  test('a ledger with more orders than there are sagas is read to its end, and each order told once', async () => {
    const told: (string | null)[] = [];
    let pages = 0;
    for (let after: string | undefined = BEGINNING; after !== undefined; pages += 1) {
      const { differences, next } = await reconcileWindow(sagas([]), [payments], after, 10);
      told.push(...differences.map(({ orderId }) => orderId));
      after = next;
    }
    expect(told).toEqual(Array.from({ length: 25 }, (_, index) => anId(index)));
    expect(pages).toBe(3);
  });

  test('an order that one ledger was cut off before is compared with the next page', async () => {
    const saga = { ...begun(shipOrder).when(succeeded('product')).saga, id: anId(20) };
    const { differences, next } = await reconcileWindow(sagas([saga]), [payments, books('product', {})], BEGINNING, 10);
    expect(differences.map(({ orderId }) => orderId)).not.toContain(saga.id);
    expect(next).toBe(anId(9));
  });
});
