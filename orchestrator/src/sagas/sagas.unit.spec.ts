import type { CommandTopic } from '@saga/messages/commands';
import type { Message } from '@saga/messages/message';
import { factOf } from '@saga/messages/topics';
import { sagaName } from '@saga/messages/values';
import { describe, expect, test } from 'vitest';
import { type Definition, stepOf } from '../saga/definition.ts';
import { anOrder } from '../saga/testing/messages.ts';
import {
  begun,
  cancelled,
  failed,
  rejected,
  type Scenario,
  succeeded,
  undone,
  whenDue,
} from '../saga/testing/scenario.ts';
import { allSagas } from './all.ts';
import { useCoupon } from './bodies.ts';
import { placeOrder } from './place-order.ts';
import { reserveOrder } from './reserve-order.ts';
import { shipOrder } from './ship-order.ts';

test('every definition that an order may ask for is registered, and none besides', () => {
  const names = new Set(allSagas.definitions.map(({ name }) => name)); // of one name several versions may be running
  expect([...names].sort()).toEqual([...sagaName.options].sort());
});

/** The table of the contract. */
const topics = {
  product: ['decrease-product-command', 'product-decreased', 'restore-product-command', 'product-restored'],
  coupon: ['use-coupon-command', 'coupon-used', 'restore-coupon-command', 'coupon-restored'],
  balance: ['deduct-balance-command', 'balance-deducted', 'refund-balance-command', 'balance-refunded'],
  delivery: ['create-delivery-command', 'delivery-created', 'cancel-delivery-command', 'delivery-cancelled'],
  complete: ['complete-order-command', 'order-completed'],
  order: ['cancel-order-command', 'order-cancelled'],
} as const;

test.each(allSagas.definitions)('$name sends and hears what the contract names', (definition) => {
  for (const [step, names] of Object.entries(topics)) {
    if (!definition.steps.has(step)) continue;
    const { command, compensation } = stepOf(definition, step);
    expect([command, compensation].flatMap((topic) => (topic ? [topic, factOf[topic]] : []))).toEqual(names);
  }
});

/** Everything succeeds as soon as it is sent: the commands as they go out, wave after wave. */
function wavesOf(scenario: Scenario): Message<CommandTopic>[][] {
  const waves: Message<CommandTopic>[][] = [];
  while (scenario.sent.length > 0) {
    waves.push([...scenario.sent]);
    scenario.when(
      ...scenario.sent.map(({ envelope: { step = '', actionId } }) => (actionId ? undone : succeeded)(step)),
    );
  }
  return waves;
}

const topicsOf = (waves: Message[][]): string[][] => waves.map((wave) => wave.map(({ topic }) => topic));
const bodiesOf = (definition: Definition): Record<string, object> =>
  Object.fromEntries(
    wavesOf(begun(definition))
      .flat()
      .map(({ topic, body }) => [topic, body]),
  );

describe('place-order', () => {
  test('reserves stock and coupon in parallel, then takes the money, then creates the delivery, then completes', () => {
    const scenario = begun(placeOrder);
    expect(topicsOf(wavesOf(scenario))).toEqual([
      ['decrease-product-command', 'use-coupon-command'],
      ['deduct-balance-command'],
      ['create-delivery-command'],
      ['complete-order-command'],
    ]);
    scenario.is('COMPLETED');
  });

  test('asks no coupon service without a coupon, and takes no money where nothing is left to pay', () => {
    expect(topicsOf(wavesOf(begun(placeOrder, { couponId: null, finalAmount: 0 })))).toEqual([
      ['decrease-product-command'],
      ['create-delivery-command'],
      ['complete-order-command'],
    ]);
  });

  test('is undone in reverse when the delivery is refused', () => {
    const scenario = begun(placeOrder).when(succeeded('product'), succeeded('coupon'), succeeded('balance'));
    expect(topicsOf(wavesOf(scenario.when(rejected('delivery', 'ADDRESS_UNDELIVERABLE'))))).toEqual([
      ['refund-balance-command'],
      ['restore-product-command', 'restore-coupon-command'],
      ['cancel-order-command'],
    ]);
    scenario.is('COMPENSATED');
  });

  test('cancels also a delivery of which nothing is known', () => {
    const scenario = begun(placeOrder).when(succeeded('product'), succeeded('coupon'), succeeded('balance'));
    expect(topicsOf(wavesOf(scenario.when(cancelled())))[0]).toEqual(['cancel-delivery-command']);
    scenario.is('COMPENSATED');
  });

  test('can only go forward once the delivery is created', () => {
    const scenario = begun(placeOrder, { couponId: null });
    scenario.when(succeeded('product'), succeeded('balance'), succeeded('delivery'), cancelled()).is('RUNNING');
    for (let used = 1; used <= 10; used += 1) scenario.when(failed('complete')).when(whenDue()).is('RUNNING');
    scenario.when(succeeded('complete')).is('COMPLETED');
  });

  test('tells each service what it needs', () => {
    const { orderId, items, couponId, userId, totalAmount, discountAmount, finalAmount, shipTo } =
      anOrder('place-order');
    expect(bodiesOf(placeOrder)).toEqual({
      'decrease-product-command': { orderId, items },
      'use-coupon-command': { orderId, couponId, userId, totalAmount, discountAmount },
      'deduct-balance-command': { orderId, userId, amount: finalAmount },
      'create-delivery-command': { orderId, userId, items, shipTo },
      'complete-order-command': { orderId, paymentId: expect.any(String), deliveryId: expect.any(String) },
    });
  });
});

describe('ship-order', () => {
  test('reserves the stock, creates the delivery, completes; nothing is paid and no coupon used', () => {
    const scenario = begun(shipOrder);
    expect(topicsOf(wavesOf(scenario))).toEqual([
      ['decrease-product-command'],
      ['create-delivery-command'],
      ['complete-order-command'],
    ]);
    scenario.is('COMPLETED');
  });

  test('restores the stock when the delivery is refused', () => {
    const scenario = begun(shipOrder).when(succeeded('product')).when(rejected('delivery', 'ADDRESS_UNDELIVERABLE'));
    expect(topicsOf(wavesOf(scenario))).toEqual([['restore-product-command'], ['cancel-order-command']]);
  });

  test('tells each service what it needs', () => {
    const { orderId, items, userId, shipTo } = anOrder('ship-order');
    expect(bodiesOf(shipOrder)).toEqual({
      'decrease-product-command': { orderId, items },
      'create-delivery-command': { orderId, userId, items, shipTo },
      'complete-order-command': { orderId, paymentId: null, deliveryId: expect.any(String) },
    });
  });
});

describe('reserve-order', () => {
  test('reserves stock, money and coupon in parallel, then completes', () => {
    const scenario = begun(reserveOrder);
    expect(topicsOf(wavesOf(scenario))).toEqual([
      ['decrease-product-command', 'deduct-balance-command', 'use-coupon-command'],
      ['complete-order-command'],
    ]);
    scenario.is('COMPLETED');
  });

  test('the coupon is optional, and nothing is taken where nothing is left to pay', () => {
    expect(topicsOf(wavesOf(begun(reserveOrder, { couponId: null, finalAmount: 0 })))).toEqual([
      ['decrease-product-command'],
      ['complete-order-command'],
    ]);
  });

  test.each([
    ['no stock', 'product', 'OUT_OF_STOCK', ['refund-balance-command', 'restore-coupon-command']],
    ['no money', 'balance', 'INSUFFICIENT_BALANCE', ['restore-product-command', 'restore-coupon-command']],
    ['coupon refused', 'coupon', 'COUPON_ALREADY_USED', ['restore-product-command', 'refund-balance-command']],
  ] as const)('%s: what was asked of the others is undone, answered or not', (_what, step, code, undos) => {
    const scenario = begun(reserveOrder).when(rejected(step, code));
    expect(topicsOf(wavesOf(scenario))).toEqual([undos, ['cancel-order-command']]);
    scenario.is('COMPENSATED').failsWith(code, step);
  });

  test('completing it is the point of no return: it is only tried until its outcome is known', () => {
    const scenario = begun(reserveOrder).when(succeeded('product'), succeeded('balance'), succeeded('coupon'));
    scenario.when(cancelled()).is('RUNNING').when(succeeded('complete')).is('COMPLETED');
  });

  test('tells each service what it needs', () => {
    const { orderId, items, couponId, userId, totalAmount, discountAmount, finalAmount } = anOrder('reserve-order');
    expect(bodiesOf(reserveOrder)).toEqual({
      'decrease-product-command': { orderId, items },
      'use-coupon-command': { orderId, couponId, userId, totalAmount, discountAmount },
      'deduct-balance-command': { orderId, userId, amount: finalAmount },
      'complete-order-command': { orderId, paymentId: expect.any(String), deliveryId: null },
    });
  });
});

test.each(allSagas.definitions)('$name: the order has an hour to its pivot', ({ deadlineMs }) => {
  expect(deadlineMs).toBe(3_600_000);
});

test('an order without a coupon has none to use: to ask for it is a bug', () => {
  expect(() => useCoupon(anOrder('place-order', { couponId: null }))).toThrow('an order without a coupon uses none');
});
